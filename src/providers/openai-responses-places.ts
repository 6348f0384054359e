import { defaults } from '../core/defaults.ts';
import { countOf, isObject, type JsonObject } from '../core/json-value.ts';
import { malformedStream } from './stream-errors.ts';

interface Item {
  /** Empty where it is not told, as the two after it. */
  id: string;
  callId: string;
  type: string;
  isDone: boolean;
  readonly place: number;
}

/** The items that came at one index. */
interface ItemsAtIndex {
  last: Item | undefined;
  readonly byId: Map<string, Item>;
  readonly byCallId: Map<string, Item>;
}

type Identity = Pick<Item, 'id' | 'callId' | 'type'>;

const { maxParts } = defaults.decoder;

/** A place in a list as a number, whatever it was sent as. */
export function placeOf(index: unknown): number {
  return countOf(index) ?? 0;
}

/**
 * Gives every item of an answer a place of its own: its `output_index`; where a gateway puts several at one, or has none at all, those after
 * the first get places below zero.
 *
 * The id of an item that is not done says nothing of whether it is the same: some gateways make it anew for every event.
 */
export class ResponsesPlaces {
  readonly #indices = new Map<number, ItemsAtIndex>();
  #count = 0;
  #moved = 0;

  /** Of an item that begins. */
  begin(outputIndex: unknown, item: unknown): number {
    return this.#find(placeOf(outputIndex), identityOf(isObject(item) ? item : {}), false).place;
  }

  /** Of an item that is done. */
  end(outputIndex: unknown, item: JsonObject): number {
    const found = this.#find(placeOf(outputIndex), identityOf(item), true);
    found.isDone = true;
    return found.place;
  }

  /** Of the item of a delta, or of the beginning of a part: behind an item that is done, it is another one. */
  ofPiece(outputIndex: unknown, itemId: unknown): number {
    const index = placeOf(outputIndex);
    const items = this.#indices.get(index);
    if (items?.last === undefined) return index;
    const { last } = items;
    if (!last.isDone && items.byId.size < 2) return last.place;
    const same = items.byId.get(textIn(itemId));
    if (same !== undefined) return same.place;
    return last.isDone ? name(items, this.#add(index, items), identityOf({ id: itemId })).place : last.place;
  }

  /** Of the item of an event that repeats the deltas of a part. */
  ofWhole(outputIndex: unknown, itemId: unknown): number {
    const index = placeOf(outputIndex);
    const items = this.#indices.get(index);
    return (items?.byId.get(textIn(itemId)) ?? items?.last)?.place ?? index;
  }

  #find(index: number, told: Identity, isEnd: boolean): Item {
    let items = this.#indices.get(index);
    if (items === undefined) {
      items = { last: undefined, byId: new Map(), byCallId: new Map() };
      this.#indices.set(index, items);
    }
    return name(items, knownItem(items, told, isEnd) ?? this.#add(index, items), told);
  }

  #add(index: number, items: ItemsAtIndex): Item {
    if (this.#count++ >= maxParts) throw malformedStream(`more than ${maxParts} items of an answer`);
    const place = items.last === undefined ? index : -++this.#moved;
    items.last = { id: '', callId: '', type: '', isDone: false, place };
    return items.last;
  }
}

/** The item that an event begins or ends, if it came before. */
function knownItem({ last, byId, byCallId }: ItemsAtIndex, told: Identity, isEnd: boolean): Item | undefined {
  const ofCall = byCallId.get(told.callId);
  if (ofCall !== undefined && !(ofCall.isDone && isOther(ofCall, told))) return ofCall;
  const ofId = byId.get(told.id);
  if (ofId !== undefined && (!differ(ofId.callId, told.callId) || (isEnd && !ofId.isDone))) return ofId;
  return last !== undefined && isSame(last, told, isEnd) ? last : undefined;
}

function isSame(last: Item, told: Identity, isEnd: boolean): boolean {
  if (isEnd && !last.isDone) return !differ(last.callId, told.callId);
  // What begins behind an end is another one.
  return isEnd === last.isDone && !isOther(last, told);
}

function isOther(item: Identity, told: Identity): boolean {
  return differ(item.callId, told.callId) || differ(item.id, told.id) || differ(item.type, told.type);
}

function differ(one: string, other: string): boolean {
  return one !== '' && other !== '' && one !== other;
}

function name({ byId, byCallId }: ItemsAtIndex, item: Item, { id, callId, type }: Identity): Item {
  if (id !== '') byId.set(id, item);
  if (callId !== '') byCallId.set(callId, item);
  item.id = id || item.id;
  item.callId ||= callId;
  item.type ||= type;
  return item;
}

function identityOf({ id, call_id, type }: JsonObject): Identity {
  return { id: textIn(id), callId: textIn(call_id), type: textIn(type) };
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
