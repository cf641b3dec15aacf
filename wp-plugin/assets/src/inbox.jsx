import { mount } from './lib/frame.jsx';
import { Inbox } from './inbox/page.jsx';

mount('inbox', Inbox);
