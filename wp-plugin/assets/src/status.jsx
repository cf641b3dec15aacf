import { mount } from './lib/frame.jsx';
import { Status } from './status/page.jsx';

mount('status', Status, { always: true });
