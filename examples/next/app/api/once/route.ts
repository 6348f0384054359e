import { toEventStreamResponse } from 'steadystream';
import { chat, requestFrom } from '../../../lib/chat';

export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';

/** An answer that is read once: who leaves ends it. */
export async function POST(request: Request): Promise<Response> {
  const { client } = await chat();
  return toEventStreamResponse(client.stream(requestFrom(await request.json())));
}
