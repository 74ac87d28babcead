/** What the build puts tags in terms of: shorter than the automatic runtime's. */
export { h, Fragment } from 'preact';
