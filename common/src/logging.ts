import { type Logger, pino } from 'pino'
import { redactSecrets } from './redact-secrets.ts'

export type { Logger } from 'pino'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** A JSON-lines logger on standard error, so that standard output stays for results. No line has a secret in it. */
export function createLogger(options: { service: string; level: (typeof logLevels)[number] }): Logger {
  return pino(
    {
      name: options.service,
      level: options.level,
      base: { service: options.service, pid: process.pid },
      hooks: { streamWrite: redactSecrets },
    },
    pino.destination({ dest: 2, sync: true }),
  )
}

/** A logger that says nothing, for tests and for embedding. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' })
}
