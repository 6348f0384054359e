import { chat } from '../../../../lib/chat';

/** Sessions live in a process, with its timers and its connections. */
export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';

/** POST starts an answer, GET /api/chat/<id> reads on behind Last-Event-ID, DELETE /api/chat/<id> ends it. */
async function answer(request: Request): Promise<Response> {
  const { relay } = await chat();
  return relay(request);
}

export { answer as DELETE, answer as GET, answer as POST };
