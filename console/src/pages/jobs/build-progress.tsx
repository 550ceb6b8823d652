import type { GenerationDescription } from '@hypershard/contract'
import { Meter } from '../../parts/meter.tsx'
import { Notice } from '../../parts/notice.tsx'
import { toldCount, toldSeconds, toldShare } from '../../parts/numbers.ts'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { Shown } from '../../parts/shown.tsx'
import { Sparkline } from '../../parts/sparkline.tsx'
import { ratesMax, type WatchedBuild } from './build-watch.ts'
import { copiedShare } from './job-of.ts'
import { paceOf } from './pace.ts'

export interface BuildProgressProps {
  readonly generation: GenerationDescription
  /** As its events tell it. */
  readonly watched: WatchedBuild | undefined
}

/** How far a build is, at what rate, and how long it will take. */
export function BuildProgress({ generation, watched }: BuildProgressProps) {
  const { progress, paused } = generation
  const { backfill_total: total, backfill_done: done } = progress
  const { documentsPerSecond: rate, secondsLeft: left } = paceOf(generation, watched?.rates ?? [])
  const share = copiedShare(generation)
  const copied = total === null ? 'Nothing to copy' : `${toldCount(done ?? 0)} of ${toldCount(total)} documents`
  return (
    <div class="stack">
      <Meter
        label={`Copied of generation ${generation.generation}`}
        value={share}
        max={1}
        told={`${copied}, ${toldShare(share)}`}
      />
      <dl class="facts">
        <dt>Rate</dt>
        <dd>
          {toldRate(rate)}
          {paused && ' · paused'}
        </dd>
        <dt>Lag</dt>
        <dd>{toldLag(progress.lag)}</dd>
        <dt>Time left</dt>
        <dd>
          {progress.caught_up
            ? 'none: it has caught up'
            : left === null
              ? 'not known yet'
              : `about ${toldSeconds(left)}`}
        </dd>
        <Slowed generation={generation} />
      </dl>
      {(watched?.rates.length ?? 0) > 1 && (
        <Sparkline
          label={`Documents a second lately; now ${toldRate(rate)}`}
          values={watched?.rates ?? []}
          room={ratesMax}
        />
      )}
      {progress.problem !== null && (
        <Notice tone="bad">
          <strong>It does not go on.</strong> <Shown text={progress.problem.message} max={1_000} />
        </Notice>
      )}
      <ProblemBox error={progress.caught_up ? undefined : watched?.error} what="The events of this build" />
    </div>
  )
}

function Slowed({ generation }: { readonly generation: GenerationDescription }) {
  const { documents_per_second_max: most, search_p99_ms_max: p99, slowed_to_documents_per_second: slowed } = generation
  return (
    <>
      <dt>Throttle</dt>
      <dd>
        {most === null ? 'no limit' : `at most ${toldRate(most)}`}
        {p99 !== null && `, slower while the slowest searches (p99) take over ${toldCount(p99)} ms`}
        {slowed !== null && ` · slowed to ${toldRate(slowed)} now`}
      </dd>
    </>
  )
}

export function toldLag(operations: number): string {
  return operations === 0 ? 'none' : `${toldCount(operations)} ${operations === 1 ? 'write' : 'writes'}`
}

function toldRate(documents: number): string {
  return `${documents.toLocaleString('en', { maximumFractionDigits: documents < 10 ? 1 : 0 })} documents/s`
}
