import type { HypershardClient } from '@hypershard/client'
import type { AccessDescription } from '@hypershard/contract'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Need } from './may-do.ts'

/** Who uses the console, and the client that asks in his name. */
export interface Session {
  readonly client: HypershardClient
  readonly access: AccessDescription
  /** Whether the coordinator would let him: what it would not is not shown. */
  may(need: Need): boolean
  /** Forgets the key. */
  leave(): void
}

export const SessionContext = createContext<Session | undefined>(undefined)

/** The session, in all that is drawn inside a page. */
export function useSession(): Session {
  const session = useContext(SessionContext)
  if (session === undefined) throw new Error('there is no session outside the pages')
  return session
}
