/**
 * A chat over Nest: answers that outlive their readers under /api/chat, and one that is read once under /api/once.
 *
 *     npx tsx --tsconfig examples/nest/tsconfig.json examples/nest/main.ts
 */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.ts';

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks(); // SIGTERM lets answers come to their end, and closes
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
console.log(await app.getUrl());
