import type { IndexList } from '@hypershard/contract'
import { useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { Notice } from '../../parts/notice.tsx'
import { Shown } from '../../parts/shown.tsx'
import { useSession } from '../../state/session.ts'
import { DeleteIndexDialog } from './delete-index-dialog.tsx'

export interface FailedIndexesProps {
  readonly failed: IndexList['failed']
  readonly onChange: () => void
}

/** Indexes whose files are damaged: nothing can be done with them but to mend the file, or to delete them. */
export function FailedIndexes({ failed, onChange }: FailedIndexesProps) {
  const { may } = useSession()
  const [doomed, doom] = useState<string>()
  return (
    <>
      {failed.map(({ name, code, message }) => (
        <Notice key={name} tone="bad">
          <div class="row apart">
            <div>
              <strong>
                <Shown text={name} /> cannot be served
              </strong>{' '}
              <span class="tag bad mono">{code}</span>
              <p>
                <Shown text={message} max={1_000} />
              </p>
            </div>
            {may({ scope: 'admin' }) && (
              <Button kind="danger" onClick={() => doom(name)} label={`Delete ${name}`}>
                Delete
              </Button>
            )}
          </div>
        </Notice>
      ))}
      {doomed !== undefined && <DeleteIndexDialog name={doomed} onDone={onChange} onClose={() => doom(undefined)} />}
    </>
  )
}
