import type { ProviderEvent } from '../core/event.ts';
import { isObject } from '../core/json-value.ts';

const maxSources = 1_024;

/** Collects the sources of an answer, each once: some providers repeat the whole list on every message. */
export class Sources {
  readonly #seen = new Set<string>();

  /** Takes a citation, in any of its shapes: an address, or an object that holds one. */
  add(citation: unknown): ProviderEvent | undefined {
    const cited = isObject(citation) && isObject(citation.url_citation) ? citation.url_citation : citation;
    const url = isObject(cited) ? (cited.url ?? addressOf(cited.source)) : cited;
    if (typeof url !== 'string' || url === '' || this.#seen.has(url) || this.#seen.size >= maxSources) return undefined;
    this.#seen.add(url);
    const title = isObject(cited) ? cited.title : undefined;
    return typeof title === 'string' && title !== '' ? { type: 'source', url, title } : { type: 'source', url };
  }
}

/** The source of a search that the user's own tool made may be an address, or any other name. */
function addressOf(source: unknown): string | undefined {
  return typeof source === 'string' && /^https?:\/\//i.test(source) ? source : undefined;
}
