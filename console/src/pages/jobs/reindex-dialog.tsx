import type { IndexDescription } from '@hypershard/contract'
import {
  documentsPerSecondMax,
  sampleQueriesMax,
  sampleQueriesMin,
  shardsAskedMax,
  timeoutMsMax,
} from '@hypershard/contract/limits'
import { useState } from 'preact/hooks'
import { Dialog } from '../../parts/dialog.tsx'
import { NumberField, TextArea } from '../../parts/fields.tsx'
import { ModelField } from '../../parts/model-field.tsx'
import { Shown } from '../../parts/shown.tsx'
import { useSession } from '../../state/session.ts'
import { emptyReindexForm, type ReindexForm, requestOf } from './reindex-form.ts'

export interface ReindexDialogProps {
  readonly index: IndexDescription
  readonly onDone: () => void
  readonly onClose: () => void
}

/** Builds an index anew, beside the one that is served. */
export function ReindexDialog({ index, onDone, onClose }: ReindexDialogProps) {
  const { client } = useSession()
  const [form, setForm] = useState(emptyReindexForm)
  const change = (part: Partial<ReindexForm>) => setForm(now => ({ ...now, ...part }))
  const external = index.model.name === 'external'
  const act = async () => {
    await client.startReindex(index.name, requestOf(form))
    onDone()
  }
  const title = (
    <>
      Reindex <Shown text={index.name} />
    </>
  )
  return (
    <Dialog title={title} act="Start" onAct={act} onClose={onClose}>
      <p>
        Its documents are copied and {external ? 'divided anew' : 'encoded'} beside the served generation; searches and
        writes go on as before.
      </p>
      {!external && <ModelField value={form.model} onValue={model => change({ model })} />}
      <PaceFields index={index} form={form} onForm={change} />
      {!external && (
        <TextArea
          label="Queries as your users put them, one a line"
          value={form.samples}
          onValue={samples => change({ samples })}
          hint={`${sampleQueriesMin} to ${sampleQueriesMax}, to calibrate graphs with. Left empty, those of the served generation are taken over.`}
        />
      )}
    </Dialog>
  )
}

interface PaceFieldsProps {
  readonly index: IndexDescription
  readonly form: ReindexForm
  readonly onForm: (part: Partial<ReindexForm>) => void
}

function PaceFields({ index, form, onForm }: PaceFieldsProps) {
  return (
    <div class="grid">
      <NumberField
        label="Shards"
        value={form.shards}
        onValue={shards => onForm({ shards })}
        min={1}
        max={shardsAskedMax}
        placeholder={`${index.shards}, as now`}
      />
      <NumberField
        label="Documents a second, at most"
        value={form.rate}
        onValue={rate => onForm({ rate })}
        min={0}
        max={documentsPerSecondMax}
        step="any"
        placeholder="no limit"
      />
      <NumberField
        label="Slow down from a p99 of, in ms"
        value={form.p99}
        onValue={p99 => onForm({ p99 })}
        min={0}
        max={timeoutMsMax}
        step="any"
        placeholder="never"
      />
    </div>
  )
}
