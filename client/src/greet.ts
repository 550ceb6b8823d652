import type { CallOptions, Exchange } from './exchange/exchange.ts'
import { operations } from './operations.ts'

/** What a coordinator says of itself at its root. */
export interface Greeting {
  readonly version: string
  /** Its clock when it answered, in whole seconds; undefined where the header is missing or may not be seen. */
  readonly date: string | undefined
  /** This machine's clock before and after, in milliseconds since the epoch. */
  readonly askedMs: number
  readonly answeredMs: number
}

export async function greet(exchange: Exchange, options: CallOptions): Promise<Greeting> {
  const askedMs = Date.now()
  const { body, header } = await exchange.call<{ version: string }, '/'>(operations.home, options)
  return { version: body.version, date: header('date'), askedMs, answeredMs: Date.now() }
}
