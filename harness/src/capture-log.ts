import { type Logger, pino } from 'pino'

/** A logger whose lines a test reads. */
export function captureLog(level = 'info'): { readonly log: Logger; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = []
  const write = (text: string) => lines.push(JSON.parse(text) as Record<string, unknown>)
  return { log: pino({ level, base: null, timestamp: false }, { write }), lines }
}
