import { fieldTypes } from '@hypershard/contract/vocabulary'
import { Button } from '../../parts/button.tsx'
import { CheckField, SelectField, TextField } from '../../parts/fields.tsx'
import type { FieldRow } from './index-form.ts'

export interface FieldRowsProps {
  readonly fields: readonly FieldRow[]
  readonly onFields: (fields: readonly FieldRow[]) => void
}

const typeOptions = fieldTypes.map(value => ({ value, label: value }))

/** What searches of a new index can filter by, field by field. */
export function FieldRows({ fields, onFields }: FieldRowsProps) {
  return (
    <fieldset class="field-rows">
      <legend class="field-label">Fields that searches can filter by</legend>
      {fields.map((field, at) => (
        <div class="row field-row" key={at}>
          <TextField label="Name" value={field.name} onValue={name => onFields(fields.with(at, { ...field, name }))} />
          <SelectField
            label="Type"
            value={field.type}
            options={typeOptions}
            onValue={type => onFields(fields.with(at, { ...field, type }))}
          />
          <CheckField
            label="a list"
            value={field.list}
            onValue={list => onFields(fields.with(at, { ...field, list }))}
          />
          <Button
            kind="quiet"
            label={`Remove field ${field.name || at + 1}`}
            onClick={() => onFields(fields.toSpliced(at, 1))}
          >
            ✕
          </Button>
        </div>
      ))}
      <div class="row">
        <Button kind="quiet" onClick={() => onFields([...fields, { name: '', type: 'keyword', list: false }])}>
          + Field
        </Button>
      </div>
    </fieldset>
  )
}
