import { All, Body, Controller, HttpCode, Inject, Module, Req, RequestMethod, Res, Sse } from '@nestjs/common';
import type { Request, Response } from 'express';
import { createClient, openai, type StreamRequest } from 'steadystream';
import { Reader, type RelayEndpoint, SteadyStream, SteadyStreamModule, type StreamReader } from 'steadystream/nest';
import { startFaultServer } from 'steadystream/testing';

@Controller('api')
export class ChatController {
  readonly streams: SteadyStream;
  readonly relay: RelayEndpoint;

  constructor(@Inject(SteadyStream) streams: SteadyStream) {
    this.streams = streams;
    // Guards stand before it, exception filters behind it. `authorize: (request) => ({ tenant: request.user.id })`, as soon as there are users.
    this.relay = streams.createRelayEndpoint({ requestFrom });
  }

  /** POST starts an answer, GET api/chat/<id> reads on behind Last-Event-ID, DELETE api/chat/<id> ends it. */
  @All(['chat', 'chat/:id'])
  chat(@Req() request: Request, @Res() response: Response) {
    return this.relay(request, response);
  }

  /** An answer that is read once: who leaves ends it. */
  @Sse('once', { method: RequestMethod.POST })
  @HttpCode(200)
  once(@Body() body: unknown, @Reader() reader: StreamReader) {
    return this.streams.toMessageEvents(this.streams.client.stream(requestFrom(body)), reader);
  }
}

@Module({
  imports: [SteadyStreamModule.forRootAsync({ useFactory: async () => ({ client: await openClient() }) })],
  controllers: [ChatController],
})
export class AppModule {}

/** With OPENAI_API_KEY it asks OpenAI, with OPENAI_BASE_URL whoever speaks the same; without a key, a small provider in this process rehearses. */
async function openClient() {
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL } = process.env;
  const rehearsal = { text: 'Nobody has thought about this: no key is set. '.split(/(?<= )/), tokenDelay: 50 };
  const provider = apiKey ? openai({ apiKey, baseURL }) : openai({ apiKey: 'none', baseURL: (await startFaultServer(rehearsal)).url });
  return createClient({ provider });
}

/** A page says what was said, and decides neither on the model nor on the tools. Whether it is a conversation is looked at when it is started. */
function requestFrom(body: unknown): StreamRequest {
  const { messages } = { ...(body as StreamRequest) };
  return { model: 'gpt-4o-mini', messages };
}
