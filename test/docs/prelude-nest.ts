/** The names that doc comments about Nest leave open; see prelude.ts. */
import type { INestApplication } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { StreamRequest } from 'steadystream';

export type { Request, Response };
export declare const app: INestApplication;
export declare const request: Request & StreamRequest;
export declare const response: Response;
