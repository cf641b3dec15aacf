import { mount } from './lib/frame.jsx';
import { Stock } from './stock/page.jsx';

mount('stock', Stock);
