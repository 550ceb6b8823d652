import type { SearchAnswer, SearchRequest } from '@hypershard/contract'
import { useEffect, useRef, useState } from 'preact/hooks'
import { printExact, toSend } from '../../api/parse-exact.ts'
import { useSession } from '../../state/session.ts'

/** One search of the lab, as far as it is. */
export interface LabSearch {
  /** What was asked for the answer that is here. */
  readonly request: SearchRequest | undefined
  /** The last page of it; `hits` and `groups` of all pages. */
  readonly answer: SearchAnswer | undefined
  readonly error: unknown
  readonly searching: boolean
  /** Adds the next page to the hits. */
  more(): void
}

/** Hits that the lab holds of one search: pages are added up to here. */
export const labHitsMax = 10_000

const nothing = { request: undefined, answer: undefined, error: undefined, searching: false }

/**
 * Searches when what is asked changes, and again when `round` does. The answer before stays until the new one is there.
 * @param request undefined searches nothing
 */
export function useLabSearch(index: string, request: SearchRequest | undefined, round: number): LabSearch {
  const { client } = useSession()
  const [state, setState] = useState<Omit<LabSearch, 'more'>>(nothing)
  const ending = useRef(new AbortController())
  const key = request === undefined ? undefined : printExact([index, request, round])
  const search = (cursor?: string) => {
    if (request === undefined) return
    ending.current.abort()
    ending.current = new AbortController()
    const { signal } = ending.current
    setState(now => ({ ...now, searching: true }))
    const asked = cursor === undefined ? request : { ...request, cursor }
    client.search(index, toSend(asked), { signal }).then(
      answer => {
        if (signal.aborted) return
        setState(now => ({
          request,
          answer: joined(cursor === undefined ? undefined : now.answer, answer),
          error: undefined,
          searching: false,
        }))
      },
      error => {
        if (!signal.aborted) setState(now => ({ ...(cursor === undefined ? nothing : now), error, searching: false }))
      },
    )
  }
  useEffect(() => {
    if (key === undefined) setState(nothing)
    else search()
    return () => ending.current.abort()
  }, [key, client])
  const cursor = state.answer?.next_cursor
  return { ...state, more: () => cursor != null && !state.searching && search(cursor) }
}

function joined(before: SearchAnswer | undefined, next: SearchAnswer): SearchAnswer {
  if (before === undefined) return next
  const groups = next.groups && { groups: [...(before.groups ?? []), ...next.groups] }
  return { ...next, hits: [...before.hits, ...next.hits], ...groups }
}
