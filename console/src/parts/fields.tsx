import type { ComponentChildren } from 'preact'
import { useEffect, useId, useState } from 'preact/hooks'

interface Labelled {
  readonly label: string
  /** Of one of many lines that are alike: its label is there for who does not see the line. */
  readonly inLine?: boolean
  readonly hint?: ComponentChildren
  readonly error?: string | undefined
  readonly disabled?: boolean
}

interface Ids {
  readonly id: string
  readonly 'aria-describedby': string | undefined
  readonly 'aria-invalid': boolean
  readonly class: string
  readonly disabled: boolean | undefined
}

/** A control with its label, and below it what to know of it and what is wrong with it. */
function Field({
  label,
  inLine,
  hint,
  error,
  disabled,
  control,
}: Labelled & { readonly control: (ids: Ids) => ComponentChildren }) {
  const id = useId()
  const told = [...(hint === undefined ? [] : [`${id}-hint`]), ...(error === undefined ? [] : [`${id}-error`])]
  return (
    <div class="field">
      <label class={inLine ? 'unseen' : 'field-label'} for={id}>
        {label}
      </label>
      {control({
        id,
        'aria-describedby': told.length === 0 ? undefined : told.join(' '),
        'aria-invalid': error !== undefined,
        class: 'field-input',
        disabled,
      })}
      {hint !== undefined && (
        <span class="field-hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {error !== undefined && (
        <span class="field-error" id={`${id}-error`}>
          {error}
        </span>
      )}
    </div>
  )
}

export interface TextFieldProps extends Labelled {
  readonly value: string
  readonly onValue: (value: string) => void
  readonly placeholder?: string
  /** What is suggested while one types. */
  readonly suggestions?: readonly string[]
  readonly secret?: boolean
  readonly required?: boolean
}

export function TextField({ value, onValue, placeholder, suggestions, secret, required, ...labelled }: TextFieldProps) {
  const listId = useId()
  return (
    <Field
      {...labelled}
      control={ids => (
        <>
          <input
            {...ids}
            type={secret ? 'password' : 'text'}
            value={value}
            placeholder={placeholder}
            list={suggestions === undefined ? undefined : listId}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            required={required}
            onInput={event => onValue(event.currentTarget.value)}
          />
          {suggestions !== undefined && (
            <datalist id={listId}>
              {suggestions.map(each => (
                <option key={each} value={each} />
              ))}
            </datalist>
          )}
        </>
      )}
    />
  )
}

export interface TextAreaProps extends Labelled {
  readonly value: string
  readonly onValue: (value: string) => void
  readonly rows?: number
  readonly placeholder?: string
  readonly code?: boolean
  /** Called at Enter without Shift, which is no new line then. */
  readonly onEnter?: () => void
}

export function TextArea({ value, onValue, rows = 3, placeholder, code, onEnter, ...labelled }: TextAreaProps) {
  return (
    <Field
      {...labelled}
      control={ids => (
        <textarea
          {...ids}
          class={code ? 'field-input mono' : 'field-input'}
          rows={rows}
          value={value}
          placeholder={placeholder}
          spellcheck={!code}
          dir="auto"
          onInput={event => onValue(event.currentTarget.value)}
          onKeyDown={event => {
            if (onEnter === undefined || event.key !== 'Enter' || event.shiftKey || event.isComposing) return
            event.preventDefault()
            onEnter()
          }}
        />
      )}
    />
  )
}

export interface NumberFieldProps extends Labelled {
  /** Undefined where nothing is given. */
  readonly value: number | undefined
  readonly onValue: (value: number | undefined) => void
  readonly min?: number
  readonly max?: number
  readonly step?: number | 'any'
  /** What holds where nothing is given. */
  readonly placeholder?: string
}

/** A number, or nothing. What is not a number yet is kept as it is typed, and is nothing. */
export function NumberField({ value, onValue, min, max, step = 1, placeholder, ...labelled }: NumberFieldProps) {
  const [text, setText] = useState(value === undefined ? '' : String(value))
  const typed = numberIn(text)
  useEffect(() => {
    if (!Object.is(value, typed)) setText(value === undefined ? '' : String(value))
  }, [value])
  return (
    <Field
      {...labelled}
      control={ids => (
        <input
          {...ids}
          type="number"
          inputMode="decimal"
          value={text}
          min={min}
          max={max}
          step={step}
          placeholder={placeholder}
          onInput={event => {
            setText(event.currentTarget.value)
            onValue(numberIn(event.currentTarget.value))
          }}
        />
      )}
    />
  )
}

function numberIn(text: string): number | undefined {
  const number = text.trim() === '' ? Number.NaN : Number(text)
  return Number.isFinite(number) ? number : undefined
}

export interface SelectFieldProps<Value extends string> extends Labelled {
  readonly value: Value
  readonly onValue: (value: Value) => void
  readonly options: readonly { readonly value: Value; readonly label: string }[]
}

export function SelectField<Value extends string>({ value, onValue, options, ...labelled }: SelectFieldProps<Value>) {
  return (
    <Field
      {...labelled}
      control={ids => (
        <select {...ids} value={value} onChange={event => onValue(event.currentTarget.value as Value)}>
          {options.map(option => (
            <option key={option.value} value={option.value} selected={option.value === value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    />
  )
}

export interface CheckFieldProps {
  readonly label: ComponentChildren
  readonly value: boolean
  readonly onValue: (value: boolean) => void
  readonly disabled?: boolean
}

export function CheckField({ label, value, onValue, disabled }: CheckFieldProps) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={value}
        disabled={disabled}
        onChange={event => onValue(event.currentTarget.checked)}
      />
      <span>{label}</span>
    </label>
  )
}
