/** The members and indices that lead to a value. */
export type JsonPath = readonly PropertyKey[];

/** Longest key that is written out, in characters. */
const maxKey = 40;

/** A path as one would write it in code: `items[2].price`; `the value` for the whole. */
export function describePath(path: JsonPath): string {
  const description = path.map(describeKey).join('');
  return (description.startsWith('.') ? description.slice(1) : description) || 'the value';
}

function describeKey(key: PropertyKey): string {
  if (typeof key === 'number') return `[${key}]`;
  const name = String(key);
  if (/^[a-z_$][\w$]{0,39}$/i.test(name)) return `.${name}`;
  return `[${JSON.stringify(name.length > maxKey ? `${name.slice(0, maxKey)}…` : name)}]`;
}
