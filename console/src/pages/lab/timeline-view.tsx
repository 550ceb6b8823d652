import type { SearchProfile } from '@hypershard/contract'
import { toldBytes, toldMs } from '../../parts/numbers.ts'
import { Legend } from '../../parts/segment-bar.tsx'
import { Shown } from '../../parts/shown.tsx'
import { VirtualList } from '../../parts/virtual-list.tsx'
import { axisMarks, spanParts, type TimelineRow, timelineOf } from './timeline.ts'

const rowHeight = 30

/** Behind it a mark has no room for its words. */
const labelledShare = 0.88

/** Where the time of a search went, shard by shard; 256 of them scroll. */
export function TimelineView({ profile, tookMs }: { readonly profile: SearchProfile; readonly tookMs: number }) {
  const { totalMs, rows } = timelineOf(profile, tookMs)
  const used = new Set(rows.flatMap(({ spans }) => spans.map(({ part }) => part)))
  return (
    <div class="stack">
      <div class="row apart">
        <Legend
          entries={spanParts.filter(({ part }) => used.has(part)).map(({ part, label }) => ({ part, children: label }))}
        />
        <span class="small soft">
          {toldBytes(profile.qnet_bytes)} of {profile.query_form === 'weights' ? 'q-net weights' : 'token states'} to a
          server at most{profile.qnet_cached && ', from the cache'}
        </span>
      </div>
      <div class="timeline">
        <div class="timeline-axis" aria-hidden="true">
          {axisMarks(totalMs)
            .filter(ms => ms <= labelledShare * totalMs)
            .map(ms => (
              <span key={ms} style={{ left: `${(100 * ms) / totalMs}%` }}>
                {toldMs(ms)}
              </span>
            ))}
        </div>
        <VirtualList
          label="Time of each shard"
          count={rows.length}
          rowHeight={rowHeight}
          row={at => <Row row={rows[at]!} totalMs={totalMs} />}
        />
      </div>
    </div>
  )
}

function Row({ row, totalMs }: { readonly row: TimelineRow; readonly totalMs: number }) {
  const { title, facts, spans, flagged } = row
  const words = spans.map(({ label, ms }) => `${label} ${toldMs(ms)}`).join(', ')
  return (
    <div class="timeline-row" title={facts === '' ? words : `${facts}\n${words}`}>
      <span class="timeline-title">
        {title}
        {flagged && <span class="tag warn">!</span>}{' '}
        <span class="soft">
          <Shown text={facts} max={200} />
        </span>
      </span>
      <span class="timeline-track" role="img" aria-label={`${title}: ${words}`}>
        {spans.map(({ label, part, beginMs, ms }) => (
          <span
            key={label}
            class={`timeline-span ${part}`}
            style={{ left: `${(100 * beginMs) / totalMs}%`, width: `${(100 * ms) / totalMs}%` }}
          />
        ))}
      </span>
    </div>
  )
}
