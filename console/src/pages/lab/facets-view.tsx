import type { FacetAnswer } from '@hypershard/contract'
import { printExact } from '../../api/parse-exact.ts'
import { toldCount } from '../../parts/numbers.ts'
import { Shown } from '../../parts/shown.tsx'
import { VirtualList } from '../../parts/virtual-list.tsx'
import { navigate, useRoute } from '../../router/use-route.ts'
import { labHref, parseLab } from './lab-state.ts'
import { hasCondition, toggleCondition } from './with-condition.ts'

const valueRowHeight = 28
const valueCharactersMax = 80

/** How often each value of a field is there; one that is pressed is what documents must have. */
export function FacetsView({ title, facets }: { readonly title: string; readonly facets: readonly FacetAnswer[] }) {
  return (
    <section class="facets" aria-label={title}>
      {facets.map((facet, at) => (
        <FacetView key={at} facet={facet} />
      ))}
    </section>
  )
}

function FacetView({ facet: { field, values, distinct } }: { readonly facet: FacetAnswer }) {
  const { state } = parseLab(useRoute().parameters)
  const most = values[0]?.count ?? 0
  const row = (at: number) => {
    const { value, count } = values[at]!
    const condition = { field, equals: value }
    const filter = toggleCondition(state.filter, condition)
    return (
      <button
        type="button"
        class="facet-value"
        aria-pressed={hasCondition(state.filter, condition)}
        onClick={() => navigate(labHref({ ...state, filter }))}
      >
        <span class="facet-bar" style={{ width: `${(100 * count) / most}%` }} aria-hidden="true" />
        <span class="facet-name">
          <Shown text={typeof value === 'string' ? value : printExact(value)} max={valueCharactersMax} />
        </span>
        <span class="number">{toldCount(count)}</span>
      </button>
    )
  }
  return (
    <div class="facet">
      <h3>
        <Shown text={field} max={valueCharactersMax} />{' '}
        <span class="soft small">
          {toldCount(distinct)} {distinct === 1 ? 'value' : 'values'}
        </span>
      </h3>
      {values.length === 0 ? (
        <p class="soft small">No document here has a value.</p>
      ) : (
        <div class="facet-values">
          <VirtualList label={`Values of ${field}`} count={values.length} rowHeight={valueRowHeight} row={row} />
        </div>
      )}
      {distinct > values.length && <p class="soft small">and {toldCount(distinct - values.length)} more</p>}
    </div>
  )
}
