/** What a probe of readiness may take, whatever hangs behind it. */
export const probeMsMax = 2_000

/** A started process: where it listens, by name (`grpc`, `http`), and how it ends. */
export interface RunningService {
  readonly addresses: Readonly<Record<string, string>>
  /**
   * Whether it can do its work now; a process without this one can as soon as it has started.
   * @throws HypershardError `unavailable`, naming everything that is missing
   */
  requireReady?(): Promise<void>
  stop(options?: StopOptions): Promise<void>
}

export interface StopOptions {
  /** There is time: others may first be told, and take over what they still need of this process. */
  readonly drain: boolean
}

/** What a service tells the process that started it, over the IPC channel, once it serves. */
export interface ReadyMessage {
  readonly type: 'ready'
  readonly addresses: Readonly<Record<string, string>>
}
