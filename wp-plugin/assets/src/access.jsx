import { mount } from './lib/frame.jsx';
import { Access } from './access/page.jsx';

mount('access', Access);
