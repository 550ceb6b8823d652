import { HypershardError, messageOf } from './errors/hypershard-error.ts'
import type { Logger } from './logging.ts'

/** A started process: where it listens, by name (`grpc`, `http`), and how it ends. */
export interface RunningService {
  readonly addresses: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** What a service tells the process that started it, over the IPC channel, once it serves. */
export interface ReadyMessage {
  readonly type: 'ready'
  readonly addresses: Readonly<Record<string, string>>
}

/**
 * The life of a service process, for `main.ts` files: start, tell the parent, serve until SIGINT, SIGTERM or the
 * parent's end (a supervisor that is killed leaves no orphan), stop cleanly, exit. A start that fails is logged once
 * and exits with 78 for settings and models that need mending, 1 for anything else.
 */
export async function runService(log: Logger, start: () => Promise<RunningService>): Promise<void> {
  let running: RunningService
  try {
    running = await start()
  } catch (error) {
    log.fatal({ err: error }, `cannot start: ${messageOf(error)}`)
    process.exit(isOperatorsMistake(error) ? 78 : 1)
  }
  log.info({ addresses: running.addresses }, 'serving')
  process.send?.({ type: 'ready', addresses: running.addresses } satisfies ReadyMessage)
  let stopping = false
  const stop = (reason: string) => {
    if (stopping) return
    stopping = true
    log.info({ reason }, 'stopping')
    running.stop().then(
      () => process.exit(0),
      error => {
        log.error({ err: error }, 'stopping failed')
        process.exit(1)
      },
    )
  }
  process.on('SIGINT', () => stop('SIGINT'))
  process.on('SIGTERM', () => stop('SIGTERM'))
  if (process.send !== undefined) process.on('disconnect', () => stop('the parent process ended'))
}

function isOperatorsMistake(error: unknown): boolean {
  const codes = ['invalid_config', 'invalid_model', 'address_in_use']
  return error instanceof HypershardError && codes.includes(error.code)
}
