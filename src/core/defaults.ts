/** The longest wait that a timer can hold: beyond it, Node fires at once. */
export const maxTimerDelay = 2 ** 31 - 1;

/** Every default of the library. Times are milliseconds. Each is settable in code. */
export const defaults = {
  /** How long a provider is given to end a generation that is cancelled. */
  cancelTimeout: 10_000,
  /** Requests of one call, over all its attempts. */
  maxRequests: 8,
  retry: {
    maxAttempts: 3,
    initialDelay: 1_000,
    factor: 2,
    maxDelay: 20_000,
    maxTotalDelay: 300_000,
    maxRetryAfter: 120_000,
    jitter: 'full',
    /** No wait is shorter, so that a loop of instant failures is never hot. */
    minDelay: 50,
  },
  timeout: {
    headers: 30_000,
    firstContent: 120_000,
    idle: 60_000,
    total: 600_000,
  },
  breaker: {
    failureRatio: 0.5,
    minOutcomes: 20,
    consecutiveFailures: 5,
    window: 60_000,
    buckets: 10,
    slowAfter: 15_000,
    pendingFor: 10_000,
    openFor: 5_000,
    maxOpenFor: 30_000,
    resetAfter: 60_000,
    probes: 3,
    requiredProbes: 2,
    probeTimeout: 160_000,
    maxKeys: 1_000,
    keyTtl: 3_600_000,
  },
  budget: {
    tokens: 10,
    share: 0.1,
    credit: 0.1,
    refillEvery: 10_000,
    tenantTokens: 3,
    tenantRefillEvery: 30_000,
    maxKeys: 10_000,
  },
  cooldown: {
    /** No provider is waited for longer; then one request tries. */
    maxWait: 120_000,
    /** Nobody is held back for longer where nobody has been refused yet. */
    maxHold: 20_000,
    /** Requests a second after a cooldown, at first and at least, and what each success adds. */
    rate: 1,
    minRate: 0.05,
    rateGain: 0.5,
    /** Without trouble for this long, the pace is forgotten. */
    forgetAfter: 60_000,
    maxQueue: 1_000,
    maxKeys: 1_000,
  },
  repetition: { window: 2_048, maxRepeats: 8 },
  /** Events held back before first content. */
  preamble: { maxItems: 64 },
  /** A buffer between a source and a slower consumer. */
  ring: { maxItems: 256, maxBytes: 1_048_576 },
  /** The text kept for `partial`, in characters. */
  partial: { maxCharacters: 4_194_304 },
  transport: {
    /** The longest line of a response, in characters. */
    maxLine: 1_048_576,
    /** How much of a network chunk is decoded at once, in bytes. */
    slice: 16_384,
    /** How much of an error's body is read, in bytes, and for how long. */
    maxErrorBody: 65_536,
    errorBodyTimeout: 2_000,
    maxRedirects: 3,
    /** How long the end of the body is waited for after the end of the answer, so that the connection can be used again. */
    lingerFor: 50,
    /** How long decoding may run before timers and I/O get their turn. */
    yieldAfter: 10,
  },
  decoder: {
    /** The arguments of one tool call, in characters, and how many calls may be open at once. */
    maxToolInput: 4_194_304,
    maxToolCalls: 256,
    /** How many parts and items of one answer are told apart, where the provider numbers them. */
    maxParts: 4_096,
  },
  /** Where an API wants a limit on output tokens, a request without one gets this. */
  request: { maxOutputTokens: 4_096 },
  textShaping: {
    /** The longest text held for the end of a word, and of a sentence, in characters. */
    maxWord: 4_096,
    maxSentence: 65_536,
    /** How fast text is shown, in characters as people count them, and how far it may lag behind its source. */
    charactersPerSecond: 200,
    maxLag: 2_000,
    /** How much text is checked at once, and how much of what came before it is shown to the check again, in characters. */
    window: 200,
    overlap: 50,
    checkTimeout: 10_000,
    /** Beyond so many characters that wait, a source that can pause is paused. */
    pauseAt: 65_536,
  },
  /** The text of a typed answer, in characters, and how many arrays and objects may be open in one another. */
  json: { maxCharacters: 4_194_304, maxDepth: 512 },
  /** A run of a model with its tools. */
  tools: {
    /** Turns of the model. */
    maxSteps: 8,
    maxConcurrent: 8,
    /** How long one call of a tool may take. */
    timeout: 120_000,
    /** What a tool may say, in characters of JSON, and how much of what it threw the model is told. */
    maxOutput: 1_048_576,
    maxErrorText: 1_024,
    /** Messages that wait for the next turn. */
    maxMessages: 256,
  },
  /** Streams that are kept. */
  store: {
    /** How long a stream is kept after its last sign of life, and after its end. */
    ttl: 900_000,
    sealedTtl: 900_000,
    /** Of one stream, before its beginning becomes a snapshot. */
    maxEvents: 10_000,
    maxBytes: 16_777_216,
    /** Of a whole store. */
    maxStreams: 100_000,
    maxStoreBytes: 268_435_456,
  },
  sessions: {
    /** How long a process is believed that says nothing. */
    lease: 10_000,
    maxTakeovers: 1,
    storePatience: 30_000,
    maxUnloggedBytes: 1_048_576,
    maxSessions: 10_000,
    drainDeadline: 10_000,
    /** How long one call of a store may take that bounds nothing itself. */
    callTimeout: 10_000,
    /** How long the store is given to take note of what a process leaves behind. */
    leaveWithin: 5_000,
  },
  /** Streams that are kept in Redis. */
  redis: {
    /** How long one command may take, and the making of a connection. */
    commandTimeout: 2_000,
    /** How long a reader waits for a Redis that is away. */
    patience: 30_000,
    minReconnectDelay: 50,
    maxReconnectDelay: 1_000,
    /** What is sent and not answered, on one connection, in characters. */
    maxInFlight: 67_108_864,
    /** Streams that one connection waits on, how long one wait is, and how much one answer to it should be, in characters. */
    maxKeys: 256,
    block: 1_000,
    maxReply: 1_048_576,
    /** How often, at least and at most, the records of streams are looked at that somebody reads. */
    minCheck: 100,
    maxCheck: 2_000,
    /** Entries of history that are read at once. */
    page: 128,
    /** What was read last of each stream that somebody reads, so that who comes late need not ask Redis, in entries and in characters. */
    maxRecent: 256,
    maxRecentCharacters: 262_144,
  },
  /** Evidence of breakers, cooldowns and budgets that processes share. */
  sharing: {
    /** The time between two rounds, give or take a quarter, and at least. */
    every: 1_000,
    minGap: 50,
    /** Rounds that a process may miss before it is not counted. */
    missedRounds: 5,
    /** No evidence is believed for longer. */
    maxFor: 120_000,
    maxNodes: 1_000,
    /** Verdicts of one process, and its spendings; and the names of providers, models and tenants, in characters. */
    maxEvidence: 1_000,
    maxName: 512,
    /** How long one round may take in Redis, and how much one process may put up there, in characters. */
    commandTimeout: 1_000,
    maxReport: 65_536,
    /** How much of the others' evidence is read in one round, in characters. */
    maxReply: 4_194_304,
  },
  /** Streams on their way to browsers. */
  relay: {
    /** Of a client that reads one. */
    client: {
      maxRequests: 200,
      retry: { maxAttempts: 30, maxDelay: 5_000 },
      timeout: {
        firstContent: Number.POSITIVE_INFINITY,
        idle: Number.POSITIVE_INFINITY,
        total: Number.POSITIVE_INFINITY,
      },
      breaks: false,
    },
    heartbeat: 15_000,
    /** Heartbeats that may be missing before a connection is given up. */
    maxSilentHeartbeats: 3,
    /** Authorization is asked for again so often. */
    maxAge: 300_000,
    /** What waits for a slow reader. */
    maxBufferedBytes: 1_048_576,
    /** A request's body, in bytes. */
    maxBody: 4_194_304,
    /** How long a response waits to know whether there is such a stream. */
    statusDelay: 500,
  },
  /** One frame of a display. */
  viewState: { every: 16 },
} as const;
