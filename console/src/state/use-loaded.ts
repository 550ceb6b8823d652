import { useEffect, useState } from 'preact/hooks'

/** What is loaded once, until what it is of changes. */
export interface Loaded<Value> {
  readonly value: Value | undefined
  readonly error: unknown
  readonly loading: boolean
}

/**
 * Loads something once, and again when one of `inputs` changes; what is not wanted any more is given up.
 * @param load undefined loads nothing
 *
 * @example
 * const models = useLoaded(may({ scope: 'read' }) ? signal => client.listModels({ signal }) : undefined, [client])
 */
export function useLoaded<Value>(
  load: ((signal: AbortSignal) => Promise<Value>) | undefined,
  inputs: readonly unknown[],
): Loaded<Value> {
  const [state, setState] = useState<Loaded<Value>>({ value: undefined, error: undefined, loading: load !== undefined })
  useEffect(() => {
    setState({ value: undefined, error: undefined, loading: load !== undefined })
    if (load === undefined) return
    const ending = new AbortController()
    const tell = (next: Loaded<Value>) => ending.signal.aborted || setState(next)
    load(ending.signal).then(
      value => tell({ value, error: undefined, loading: false }),
      error => tell({ value: undefined, error, loading: false }),
    )
    return () => ending.abort()
  }, [...inputs, load === undefined])
  return state
}
