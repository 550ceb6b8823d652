import type { GenerationDescription } from '@hypershard/contract'
import { toldCount } from '../../parts/numbers.ts'
import { Shown } from '../../parts/shown.tsx'
import { BuildProgress, toldLag } from './build-progress.tsx'
import { GenerationActions, type GenerationActionsProps } from './generation-actions.tsx'
import { useBuildWatch } from './use-build-watch.ts'

export interface GenerationCardProps extends GenerationActionsProps {
  readonly mayChange: boolean
}

/** One build of an index. One that is being filled is followed by its events. */
export function GenerationCard({ generation: listed, mayChange, ...props }: GenerationCardProps) {
  const { index, onChange } = props
  const going = listed.phase === 'building' && !listed.progress.caught_up
  const watched = useBuildWatch({ index: index.name, generation: listed.generation, going, onEnd: onChange })
  const generation = (going ? watched?.generation : undefined) ?? listed
  const { generation: number, phase, names, progress } = generation
  return (
    <article class="build" aria-label={`Generation ${number}`}>
      <div class="row">
        <h3>Generation {number}</h3>
        {names.includes(index.name) ? (
          <span class="tag good">served</span>
        ) : (
          <span class="tag">{phaseWords[phase]}</span>
        )}
        {phase === 'building' && progress.caught_up && <span class="tag good">caught up</span>}
        {generation.paused && <span class="tag warn">paused</span>}
        {names
          .filter(name => name !== index.name)
          .map(name => (
            <span key={name} class="tag accent">
              alias <Shown text={name} />
            </span>
          ))}
      </div>
      <Facts generation={generation} />
      {phase === 'building' && <BuildProgress generation={generation} watched={watched} />}
      {mayChange && <GenerationActions {...props} generation={generation} />}
    </article>
  )
}

const phaseWords: Readonly<Record<GenerationDescription['phase'], string>> = {
  building: 'being built',
  live: 'kept beside',
  cancelled: 'given up',
  dropped: 'dropped',
}

function Facts({ generation }: { readonly generation: GenerationDescription }) {
  const { model, shards, documents, documents_aside: aside, segments, sequence, progress, phase } = generation
  const { segments_to_calibrate: calibrating } = generation
  const facts = [
    `${shards} ${shards === 1 ? 'shard' : 'shards'}`,
    `${toldCount(documents)} documents in ${toldCount(segments)} segments`,
    `writes up to ${toldCount(sequence)}`,
    ...(aside > 0 ? [`${toldCount(aside)} set aside`] : []),
    ...(calibrating > 0 ? [`${toldCount(calibrating)} segments to calibrate anew`] : []),
    ...(phase === 'building' ? [] : [`lag: ${toldLag(progress.lag)}`]),
  ]
  return (
    <p class="soft small">
      <span title={model.digest}>
        <Shown text={model.name} max={64} />
      </span>{' '}
      · {facts.join(' · ')}
    </p>
  )
}
