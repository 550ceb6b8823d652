import type { GenerationDescription, IndexDescription } from '@hypershard/contract'
import { useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { useSession } from '../../state/session.ts'
import { ComparePanel } from './compare-panel.tsx'
import { actionsOf, type GenerationAction } from './job-of.ts'
import { EndDialog, PromoteDialog } from './switch-dialogs.tsx'
import { ThrottleDialog } from './throttle-dialog.tsx'

export interface GenerationActionsProps {
  readonly index: IndexDescription
  readonly generation: GenerationDescription
  /** What the index's name stands for. */
  readonly served: GenerationDescription | undefined
  readonly onChange: () => void
}

const titles: Readonly<Record<GenerationAction, string>> = {
  pause: 'Pause',
  resume: 'Go on',
  throttle: 'Throttle',
  compare: 'Compare',
  promote: 'Promote',
  cancel: 'Give up',
  drop: 'Drop',
}

/** What may be done with a build in its phase; what may not yet says why. */
export function GenerationActions(props: GenerationActionsProps) {
  const { index, generation, onChange } = props
  const { client } = useSession()
  const [open, setOpen] = useState<GenerationAction>()
  const [error, setError] = useState<unknown>()
  const offered = actionsOf(generation, { index: index.name })
  const pause = (paused: boolean) => {
    setError(undefined)
    client.orderGeneration(index.name, generation.generation, { paused }).then(onChange, setError)
  }
  const start = (action: GenerationAction) => {
    if (action === 'pause' || action === 'resume') pause(action === 'pause')
    else setOpen(action === open ? undefined : action)
  }
  const reasons = Object.values(offered).filter(reason => reason !== undefined)
  return (
    <div class="stack">
      <div class="row">
        {(Object.keys(offered) as GenerationAction[]).map(action => (
          <Button
            key={action}
            disabled={offered[action] !== undefined}
            label={`${titles[action]} generation ${generation.generation}`}
            {...kindOf(action)}
            onClick={() => start(action)}
          >
            {titles[action]}
          </Button>
        ))}
        {reasons.length > 0 && <span class="small soft">{reasons.join(' ')}</span>}
      </div>
      <ProblemBox error={error} />
      <Opened {...props} open={open} onClose={() => setOpen(undefined)} />
    </div>
  )
}

function kindOf(action: GenerationAction) {
  if (action === 'promote') return { kind: 'primary' } as const
  return action === 'cancel' || action === 'drop' ? ({ kind: 'danger' } as const) : {}
}

type OpenedProps = GenerationActionsProps & {
  readonly open: GenerationAction | undefined
  readonly onClose: () => void
}

function Opened({ open, index, generation, served, onChange, onClose }: OpenedProps) {
  const named = { index: index.name, generation: generation.generation }
  if (open === 'throttle') return <ThrottleDialog {...named} now={generation} onDone={onChange} onClose={onClose} />
  if (open === 'compare') return <ComparePanel {...named} served={served?.generation} />
  if (open === 'promote') return <PromoteDialog {...named} onDone={onChange} onClose={onClose} />
  if (open === 'cancel' || open === 'drop') {
    return <EndDialog {...named} how={open} onDone={onChange} onClose={onClose} />
  }
  return null
}
