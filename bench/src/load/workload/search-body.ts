/** Options of a search, as the API takes them. */
export type SearchOptions = Readonly<Record<string, unknown>>

/** The plans that are measured, by the name that rows have. */
export const plans = {
  defaults: {},
  'recall 0.99': { plan: 'auto', recall: 0.99 },
  tangent: { plan: 'tangent' },
  exact: { plan: 'exact' },
} as const satisfies Readonly<Record<string, SearchOptions>>

export type PlanName = keyof typeof plans

export const hitsWanted = 10

/** The body of a search; with texts, and answered from what was kept if it was, unless it is told otherwise. */
export function searchBody(query: string, plan: PlanName, { texts = true, kept = true } = {}): string {
  const left = { ...(texts ? {} : { ids_only: true }), ...(kept ? {} : { cache: false }) }
  return JSON.stringify({ query, k: hitsWanted, ...plans[plan], ...left })
}
