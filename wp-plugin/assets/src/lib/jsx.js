// Injected into every bundle: what JSX compiles to.
export { createElement, Fragment } from '@wordpress/element';
