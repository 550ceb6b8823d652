import type { GenerationDescription } from '@hypershard/contract'
import { documentsPerSecondMax, timeoutMsMax } from '@hypershard/contract/limits'
import { useState } from 'preact/hooks'
import { Dialog } from '../../parts/dialog.tsx'
import { NumberField } from '../../parts/fields.tsx'
import { useSession } from '../../state/session.ts'

export interface ThrottleDialogProps {
  readonly index: string
  readonly generation: number
  readonly now: Pick<GenerationDescription, 'documents_per_second_max' | 'search_p99_ms_max'>
  readonly onDone: () => void
  readonly onClose: () => void
}

/** How fast a build may go. */
export function ThrottleDialog({ index, generation, now, onDone, onClose }: ThrottleDialogProps) {
  const { client } = useSession()
  const [rate, setRate] = useState(now.documents_per_second_max ?? undefined)
  const [p99, setP99] = useState(now.search_p99_ms_max ?? undefined)
  const act = async () => {
    const order = { documents_per_second_max: rate ?? null, search_p99_ms_max: p99 ?? null }
    await client.orderGeneration(index, generation, order)
    onDone()
  }
  return (
    <Dialog title={`Throttle generation ${generation}`} act="Set" onAct={act} onClose={onClose}>
      <NumberField
        label="Documents a second, at most"
        value={rate}
        onValue={setRate}
        min={0}
        max={documentsPerSecondMax}
        step="any"
        placeholder="no limit"
      />
      <NumberField
        label="Slow down while the slowest searches (p99) take over, in ms"
        value={p99}
        onValue={setP99}
        min={0}
        max={timeoutMsMax}
        step="any"
        placeholder="never"
      />
    </Dialog>
  )
}
