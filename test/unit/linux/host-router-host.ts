import { Lab } from './lab.ts';

/** Two hosts, a and b, with a router r between them. */
export function hostRouterHost(): Lab {
  return new Lab()
    .veth('a/eth0', 'r/ra')
    .veth('b/eth0', 'r/rb')
    .addr('a/eth0', '10.0.0.2/24')
    .addr('r/ra', '10.0.0.1/24')
    .addr('r/rb', '10.0.1.1/24')
    .addr('b/eth0', '10.0.1.2/24')
    .route('a', 'default via 10.0.0.1')
    .route('b', 'default via 10.0.1.1')
    .forwards('r');
}
