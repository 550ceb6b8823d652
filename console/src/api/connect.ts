import { fetchTransport, HypershardClient } from '@hypershard/client'
import { parseExact } from './parse-exact.ts'

export interface ConnectOptions {
  readonly key: string | undefined
  /** Called when an answer says that the key is not valid, any more or ever. */
  readonly onRefused: () => void
}

/** Where the API is: one folder above the console, so that a proxy may serve both below a path of its own. */
export function apiUrl(): string {
  return new URL('..', document.baseURI).href
}

/** A client for the coordinator that served the page. What fails is shown, and not tried again behind the user's back. */
export function connect({ key, onRefused }: ConnectOptions): HypershardClient {
  return new HypershardClient({
    url: apiUrl(),
    key,
    attemptsMax: 1,
    parse: parseExact,
    transport: async request => {
      const answer = await fetchTransport(request)
      if (answer.status === 401) onRefused()
      return answer
    },
  })
}
