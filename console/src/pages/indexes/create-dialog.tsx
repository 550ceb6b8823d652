import type { AnalyzerName } from '@hypershard/contract'
import { replicasMax, shardsAskedMax, vectorWidthMax } from '@hypershard/contract/limits'
import { analyzers } from '@hypershard/contract/vocabulary'
import { useState } from 'preact/hooks'
import { Dialog } from '../../parts/dialog.tsx'
import { NumberField, SelectField, TextField } from '../../parts/fields.tsx'
import { ModelField } from '../../parts/model-field.tsx'
import { hrefOf } from '../../router/hash-route.ts'
import { navigate } from '../../router/use-route.ts'
import { useSession } from '../../state/session.ts'
import { FieldRows } from './field-rows.tsx'
import { emptyIndexForm, faultOf, type IndexForm, requestOf } from './index-form.ts'

export interface CreateDialogProps {
  readonly onDone: () => void
  readonly onClose: () => void
}

const withoutModel = [{ value: 'external', label: 'None: vectors come from outside' }]

const passageOptions = [
  { value: 'default', label: 'Cut at sentence ends, so that all is searched' },
  { value: 'off', label: 'Not cut: only the beginning is searched' },
] as const

const analyzerOptions: readonly { readonly value: AnalyzerName | ''; readonly label: string }[] = [
  { value: '', label: 'Not kept: no hybrid searches' },
  ...analyzers.map(value => ({ value, label: value })),
]

/** Makes an index, and goes to it. */
export function CreateDialog({ onDone, onClose }: CreateDialogProps) {
  const { client } = useSession()
  const [form, setForm] = useState(emptyIndexForm)
  const change = (part: Partial<IndexForm>) => setForm(now => ({ ...now, ...part }))
  const fault = faultOf(form)
  const act = async () => {
    const { name } = await client.createIndex(requestOf(form))
    onDone()
    navigate(hrefOf('indexes', { index: name }))
  }
  return (
    <Dialog title="Create an index" act="Create" disabled={fault !== undefined} onAct={act} onClose={onClose}>
      <TextField
        label="Name"
        value={form.name}
        onValue={name => change({ name })}
        hint="1 to 64 of a-z 0-9 - _, beginning with a letter or digit"
        required
      />
      <ModelField value={form.model} onValue={model => change({ model })} more={withoutModel} />
      {form.model === 'external' && (
        <NumberField
          label="Width of the vectors"
          value={form.width}
          onValue={width => change({ width })}
          min={1}
          max={vectorWidthMax}
        />
      )}
      <div class="grid">
        <NumberField
          label="Shards"
          value={form.shards}
          onValue={shards => change({ shards })}
          min={1}
          max={shardsAskedMax}
          placeholder="2"
        />
        <NumberField
          label="Replicas"
          value={form.replicas}
          onValue={replicas => change({ replicas })}
          min={1}
          max={replicasMax}
          placeholder="1"
        />
      </div>
      <FieldRows fields={form.fields} onFields={fields => change({ fields })} />
      <SelectField
        label="Texts that are longer than the model reads"
        value={form.passages}
        onValue={passages => change({ passages })}
        options={passageOptions}
      />
      <SelectField
        label="Words of texts"
        value={form.analyzer}
        onValue={analyzer => change({ analyzer })}
        options={analyzerOptions}
      />
      {fault !== undefined && form.name !== '' && <p class="small soft">{fault}</p>}
    </Dialog>
  )
}
