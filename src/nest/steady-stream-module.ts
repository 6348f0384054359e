import { type DynamicModule, type FactoryProvider, Module, type ModuleMetadata } from '@nestjs/common';
import type { EventLike } from '../index.ts';
import { SteadyStream } from './steady-stream.ts';
import type { SteadyStreamOptions } from './steady-stream-options.ts';

/** Whether a module is seen by all others. */
interface Visibility {
  /** Whether other modules have {@link SteadyStream} without importing this one. Default: false. */
  readonly isGlobal?: boolean | undefined;
}

/** Options of {@link SteadyStreamModule.forRoot}. */
export interface SteadyStreamModuleOptions<E extends EventLike = never> extends SteadyStreamOptions<E>, Visibility {}

/** Options of {@link SteadyStreamModule.forRootAsync}. */
export interface SteadyStreamModuleAsyncOptions<E extends EventLike = never> extends Visibility {
  /** Modules of what is injected. Default: none. */
  readonly imports?: ModuleMetadata['imports'];
  /** What the factory is given. Default: nothing. */
  readonly inject?: FactoryProvider['inject'];
  /** The options, made of what is injected. */
  // biome-ignore lint/suspicious/noExplicitAny: what is injected has the types that its tokens say.
  readonly useFactory: (...injected: any[]) => SteadyStreamOptions<E> | PromiseLike<SteadyStreamOptions<E>>;
}

/**
 * Provides {@link SteadyStream}.
 *
 * @throws TypeError for an option that is unknown or out of range; the message names it.
 *
 * @example
 * ```ts
 * \@Module({
 *   imports: [SteadyStreamModule.forRoot({ client: createClient({ provider: openai({ apiKey }) }) })],
 * })
 * class AppModule {}
 * ```
 */
// biome-ignore lint/complexity/noStaticOnlyClass: so it is done in Nest.
export class SteadyStreamModule {
  /** With a client that is there. */
  static forRoot<E extends EventLike = never>({ isGlobal, ...options }: SteadyStreamModuleOptions<E>): DynamicModule {
    return SteadyStreamModule.forRootAsync<E>({ isGlobal, useFactory: () => options });
  }

  /** With a client that is made of what other modules know, such as a key, or a connection to Redis. */
  static forRootAsync<E extends EventLike = never>(options: SteadyStreamModuleAsyncOptions<E>): DynamicModule {
    const { isGlobal = false, imports = [], inject = [], useFactory } = options;
    return {
      module: SteadyStreamModule,
      global: isGlobal,
      imports,
      providers: [
        { provide: SteadyStream, inject, useFactory: async (...injected: unknown[]) => new SteadyStream(await useFactory(...injected)) },
      ],
      exports: [SteadyStream],
    };
  }
}
Module({})(SteadyStreamModule);
