import type { HypershardClient } from '@hypershard/client'
import type { AccessDescription } from '@hypershard/contract'
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import { connect } from '../api/connect.ts'
import { storedKey, storeKey } from '../state/key-in-tab.ts'

export interface Access {
  readonly client: HypershardClient
  /** What the key may do; undefined until the coordinator has said it. */
  readonly access: AccessDescription | undefined
  readonly error: unknown
  /** Whether a key was tried that is not valid, or not any more. */
  readonly refused: boolean
  /** @param keep whether a reload of the tab keeps it */
  enter(key: string, options: { readonly keep: boolean }): void
  leave(): void
  /** Asks again. */
  retry(): void
}

/** The key of this tab, and what the coordinator says that it may do. */
export function useAccess(): Access {
  const [key, setKey] = useState(storedKey)
  const [round, setRound] = useState(0)
  const [state, setState] = useState<Pick<Access, 'access' | 'error'>>({ access: undefined, error: undefined })
  const retry = useCallback(() => setRound(now => now + 1), [])
  const client = useMemo(() => connect({ key, onRefused: retry }), [key, retry])
  useEffect(() => {
    const ending = new AbortController()
    const { signal } = ending
    client.describeAccess({ signal }).then(
      access => signal.aborted || setState({ access, error: undefined }),
      error => signal.aborted || setState({ access: undefined, error }),
    )
    return () => ending.abort()
  }, [client, round])
  const enter = useCallback((entered: string, { keep }: { readonly keep: boolean }) => {
    storeKey(keep ? entered : undefined)
    setKey(entered)
    setRound(now => now + 1)
  }, [])
  const leave = useCallback(() => {
    storeKey(undefined)
    setKey(undefined)
  }, [])
  return { client, ...state, refused: key !== undefined && state.access?.key === null, enter, leave, retry }
}
