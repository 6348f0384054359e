/** Types of a body that cannot be server-sent messages, whatever the status says. */
const foreign = /json|html|xml|^image\/|^audio\/|^video\/|multipart\//;

/** Whether a response may be a stream of server-sent messages. A missing or vague type is given the benefit of the doubt. */
export function isEventStream(contentType: string | null): boolean {
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
  return type === 'text/event-stream' || !foreign.test(type);
}
