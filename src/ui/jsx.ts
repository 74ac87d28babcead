/** What the build puts tags in terms of: shorter than the automatic runtime's, by names no variable has. */
export { h as makeElement, Fragment as MakeFragment } from 'preact';
