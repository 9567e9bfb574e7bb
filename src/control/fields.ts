/** Reads fields of JSON that came over the control socket, which may be of another version than this program. */
import { isMapping } from '../task/values.ts'
import type { View } from './views.ts'

export function textField (view: View, key: string): string | undefined {
  const value = view[key]
  return typeof value === 'string' ? value : undefined
}

export function numberField (view: View, key: string): number | undefined {
  const value = view[key]
  return typeof value === 'number' ? value : undefined
}

export function viewField (view: View, key: string): View | undefined {
  const value = view[key]
  return isMapping(value) ? value : undefined
}

/** The objects of a list; anything else in it is left out. */
export function viewsField (view: View, key: string): View[] {
  const value = view[key]
  return Array.isArray(value) ? value.filter(isMapping) : []
}

export function textsField (view: View, key: string): string[] {
  const value = view[key]
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
}
