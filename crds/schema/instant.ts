import type { z } from 'zod'
import { carried, withRules } from './rules.ts'
import { text } from './scalars.ts'

/** A point in time in RFC 3339, such as `2026-11-22T06:00:00Z`. */
export function instant(): z.ZodString {
  return withRules(text({ max: 40 }), [
    {
      cel: `self.matches('${pattern}') && int(self.substring(8, 10)) <= ${celDaysOfMonth}`,
      check: (value) => regExp.test(value) && Number(value.slice(8, 10)) <= daysOfMonth(value),
      message: 'write a time such as 2026-11-22T06:00:00Z, of a day that exists',
    },
  ])
}

/** A point in time that the operator writes: the type that Kubernetes has for it. */
export function operatorInstant(): z.ZodString {
  const time = text({ max: 40 }).refine(
    (value) => regExp.test(value) && Number(value.slice(8, 10)) <= daysOfMonth(value),
    'is not a time in RFC 3339',
  )
  return carried(time).meta({ ...time.meta(), format: 'date-time' })
}

const pattern =
  '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$'
const regExp = new RegExp(pattern)

/** Days of the month of `self`. */
const celDaysOfMonth =
  "(self.substring(5, 7) in ['04', '06', '09', '11'] ? 30 : self.substring(5, 7) != '02' ? 31 : " +
  'int(self.substring(0, 4)) % 4 == 0 && (int(self.substring(0, 4)) % 100 != 0 || int(self.substring(0, 4)) % 400 == 0) ? 29 : 28)'

function daysOfMonth(value: string): number {
  return new Date(Date.UTC(2000 + (Number(value.slice(0, 4)) % 400), Number(value.slice(5, 7)), 0)).getUTCDate()
}
