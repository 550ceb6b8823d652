import type { FieldDescriptions } from '@hypershard/contract'
import {
  facetsMax,
  facetValuesListedMax,
  highlightedHitsMax,
  highlightFragmentsMax,
  highlightLengthMax,
  highlightLengthMin,
  hitsMax,
  sortFieldsMax,
} from '@hypershard/contract/limits'
import { facetLimitDefault, groupDefaults, highlightDefaults, sortOrders } from '@hypershard/contract/vocabulary'
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { CheckField, NumberField, SelectField, TextField } from '../../parts/fields.tsx'
import { given, type LabShown } from './lab-state.ts'

export interface ShownFormProps {
  readonly shown: LabShown
  /** Of the index; empty where the key may not read them. */
  readonly fields: FieldDescriptions
  readonly onShown: (shown: LabShown) => void
}

/** What an answer has beside hits by their score: groups, another order, counted values, marked words. */
export function ShownForm({ shown, fields, onShown }: ShownFormProps) {
  const { facets, group_by: groupBy, sort, highlight } = shown
  const change = (next: { readonly [Name in keyof LabShown]?: LabShown[Name] | undefined }) =>
    onShown(given({ ...shown, ...next }) as LabShown)
  return (
    <div class="lab-shown">
      <GroupForm groupBy={groupBy} fields={fields} onGroupBy={next => change({ group_by: next })} />
      <FieldRows
        title="Order by"
        add="+ Field to order by"
        most={sortFieldsMax}
        rows={sort ?? []}
        fields={fields}
        onRows={rows => change({ sort: rows.length === 0 ? undefined : rows })}
      >
        {(row, onRow) => (
          <SelectField
            label="Order"
            inLine
            value={row.order ?? sortOrders[0]}
            options={sortOrders.map(value => ({
              value,
              label: value === 'asc' ? '↑ ascending' : '↓ descending',
            }))}
            onValue={order => onRow({ ...row, order })}
          />
        )}
      </FieldRows>
      <FieldRows
        title="Count values of"
        add="+ Field to count"
        most={facetsMax}
        rows={facets ?? []}
        fields={fields}
        onRows={rows => change({ facets: rows.length === 0 ? undefined : rows })}
      >
        {(row, onRow) => (
          <NumberField
            label="Values"
            inLine
            value={row.limit}
            min={1}
            max={facetValuesListedMax}
            placeholder={`the first ${facetLimitDefault}`}
            onValue={limit => onRow(given({ ...row, limit }) as typeof row)}
          />
        )}
      </FieldRows>
      <HighlightForm highlight={highlight} onHighlight={next => change({ highlight: next })} />
    </div>
  )
}

function GroupForm({
  groupBy,
  fields,
  onGroupBy,
}: {
  readonly groupBy: LabShown['group_by']
  readonly fields: FieldDescriptions
  readonly onGroupBy: (groupBy: LabShown['group_by']) => void
}) {
  return (
    <fieldset class="shown-part">
      <legend class="unseen">Groups</legend>
      <div class="shown-groups">
        <FieldPicker
          label="Group by"
          none="no groups"
          value={groupBy?.field ?? ''}
          fields={fields}
          onValue={field => onGroupBy(field === '' ? undefined : { ...groupBy, field })}
        />
        {groupBy !== undefined && (
          <>
            <NumberField
              label="Groups a page"
              value={groupBy.groups}
              min={1}
              max={hitsMax}
              placeholder={String(groupDefaults.groups)}
              onValue={groups => onGroupBy(given({ ...groupBy, groups }) as typeof groupBy)}
            />
            <NumberField
              label="Hits of each"
              value={groupBy.hits}
              min={1}
              max={hitsMax}
              placeholder={String(groupDefaults.hits)}
              onValue={hits => onGroupBy(given({ ...groupBy, hits }) as typeof groupBy)}
            />
          </>
        )}
      </div>
    </fieldset>
  )
}

interface FieldRowsProps<Row extends { readonly field: string }> {
  readonly title: string
  readonly add: string
  readonly most: number
  readonly rows: readonly Row[]
  readonly fields: FieldDescriptions
  /** Told of those that name a field. */
  readonly onRows: (rows: readonly Row[]) => void
  readonly children: (row: Row, onRow: (row: Row) => void) => ComponentChildren
}

/** Fields one below the other, each with something to say of it. */
function FieldRows<Row extends { readonly field: string }>({
  title,
  add,
  most,
  rows: complete,
  fields,
  onRows,
  children,
}: FieldRowsProps<Row>) {
  const [rows, setRows] = useState(complete)
  const change = (next: readonly Row[]) => {
    setRows(next)
    onRows(next.filter(({ field }) => field !== ''))
  }
  const unused = Object.keys(fields).find(name => rows.every(({ field }) => field !== name))
  return (
    <fieldset class="shown-part">
      <legend class="field-label">{title}</legend>
      {rows.map((row, at) => (
        <div class="shown-row" key={at}>
          <FieldPicker
            label="Field"
            inLine
            value={row.field}
            fields={fields}
            onValue={field => change(rows.with(at, { ...row, field }))}
          />
          {children(row, next => change(rows.with(at, next)))}
          <Button kind="quiet" label={`${title}: remove ${row.field}`} onClick={() => change(rows.toSpliced(at, 1))}>
            ✕
          </Button>
        </div>
      ))}
      <div class="row">
        <Button
          kind="quiet"
          disabled={rows.length >= most}
          onClick={() => change([...rows, { field: unused ?? Object.keys(fields)[0] ?? '' } as Row])}
        >
          {add}
        </Button>
      </div>
    </fieldset>
  )
}

interface FieldPickerProps {
  readonly label: string
  readonly inLine?: boolean
  /** What stands for no field, where there may be none. */
  readonly none?: string
  readonly value: string
  readonly fields: FieldDescriptions
  readonly onValue: (field: string) => void
}

/** One of the fields of the index; any name where the key may not read them. */
function FieldPicker({ label, inLine = false, none, value, fields, onValue }: FieldPickerProps) {
  const names = Object.keys(fields)
  if (names.length === 0) {
    return <TextField label={label} inLine={inLine} placeholder={none ?? 'field'} value={value} onValue={onValue} />
  }
  const others = value === '' || names.includes(value) ? [] : [value]
  return (
    <SelectField
      label={label}
      inLine={inLine}
      value={value}
      options={[
        ...(none === undefined ? [] : [{ value: '', label: none }]),
        ...[...names, ...others].map(name => ({ value: name, label: name })),
      ]}
      onValue={onValue}
    />
  )
}

function HighlightForm({
  highlight,
  onHighlight,
}: {
  readonly highlight: LabShown['highlight']
  readonly onHighlight: (highlight: LabShown['highlight']) => void
}) {
  const change = (next: object) => onHighlight(given({ ...highlight, ...next }))
  return (
    <fieldset class="shown-part">
      <legend class="field-label">Texts</legend>
      <CheckField
        label="Best sentences, their words marked (highlight)"
        value={highlight !== undefined}
        onValue={on => onHighlight(on ? {} : undefined)}
      />
      {highlight !== undefined && (
        <div class="shown-groups">
          <NumberField
            label="Sentences of a hit"
            value={highlight.fragments}
            min={1}
            max={highlightFragmentsMax}
            placeholder={String(highlightDefaults.fragments)}
            hint={`Of a page of at most ${highlightedHitsMax} hits.`}
            onValue={fragments => change({ fragments })}
          />
          <NumberField
            label="Characters of each"
            value={highlight.length}
            min={highlightLengthMin}
            max={highlightLengthMax}
            placeholder={String(highlightDefaults.length)}
            onValue={length => change({ length })}
          />
        </div>
      )}
    </fieldset>
  )
}
