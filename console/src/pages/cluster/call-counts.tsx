import { useEffect, useState } from 'preact/hooks'
import { toldCount } from '../../parts/numbers.ts'
import { type CountsAt, recentCounts, withCounts } from './recent-counts.ts'
import type { SeenCluster } from './see-cluster.ts'

const titles = {
  asked: 'Hedges: a second server was asked, because the first was late',
  won: 'Of these, answered first by the second server',
  cancelled: 'Calls that were ended, because another had answered',
  refused: 'Late calls that were not made twice: at most 5 % are',
  retries: 'Retries: calls made again, because one had failed',
} as const

type Name = keyof typeof titles

/** How often this coordinator had to ask twice: since it started, and in the last minute. */
export function CallCounts({ seen: { cluster, atMs } }: { readonly seen: SeenCluster }) {
  const { hedges, retries } = cluster
  const { asked, won, cancelled, refused_by_budget: refused } = hedges
  const counts = { asked, won, cancelled, refused, retries }
  const [known, keep] = useState<readonly CountsAt<Name>[]>([])
  useEffect(() => keep(now => withCounts(now, { atMs, counts })), [atMs])
  const recent = recentCounts(known)
  return (
    <section class="panel" aria-labelledby="calls-title">
      <h2 id="calls-title">Calls to shard servers</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reached by keyboard */}
      <section class="table-frame" aria-label="Calls, counted" tabIndex={0}>
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Of this coordinator</th>
              <th scope="col" class="right">
                Last minute
              </th>
              <th scope="col" class="right">
                Since it started
              </th>
            </tr>
          </thead>
          <tbody>
            {(Object.keys(titles) as Name[]).map(name => (
              <tr key={name}>
                <td>{titles[name]}</td>
                <td class="right">{recent === undefined ? '–' : toldCount(recent[name])}</td>
                <td class="right">{toldCount(counts[name])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  )
}
