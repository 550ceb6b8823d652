import { useSession } from '../state/session.ts'
import { useLoaded } from '../state/use-loaded.ts'
import { SelectField } from './fields.tsx'
import { ProblemBox } from './problem-box.tsx'

export interface ModelFieldProps {
  /** A digest; empty for the default. */
  readonly value: string
  readonly onValue: (value: string) => void
  /** What may be chosen beside the models. */
  readonly more?: readonly { readonly value: string; readonly label: string }[]
}

/** One of the models that encoder services have. */
export function ModelField({ value, onValue, more = [] }: ModelFieldProps) {
  const { client } = useSession()
  const { value: listed, error } = useLoaded(signal => client.listModels({ signal }), [client])
  const models = (listed?.models ?? []).map(({ name, digest }) => ({
    value: digest,
    label: `${name} (${digest.slice(0, 8)})`,
  }))
  const options = [{ value: '', label: 'The default model' }, ...models, ...more]
  return (
    <>
      <ProblemBox error={error} what="The models" />
      <SelectField label="Model" value={value} onValue={onValue} options={options} />
    </>
  )
}
