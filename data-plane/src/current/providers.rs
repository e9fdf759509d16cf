//! The cryptography that visitors are offered: one provider for each set of ciphers, however many zones chose it.

use policy::settings::{Cipher, Ciphers};
use rustls::{SupportedCipherSuite, crypto::CryptoProvider};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

pub(super) struct Providers {
    all: Arc<CryptoProvider>,
    /// There are no more sets than 63, so nothing is ever forgotten.
    by_choice: Mutex<HashMap<Ciphers, Arc<CryptoProvider>>>,
}

impl Providers {
    pub(super) fn new() -> Self {
        Self { all: Arc::new(rustls::crypto::aws_lc_rs::default_provider()), by_choice: Mutex::default() }
    }

    /// With every cipher there is.
    pub(super) fn all(&self) -> &Arc<CryptoProvider> {
        &self.all
    }

    /// With these suites of TLS 1.2 and all of TLS 1.3, which cannot be chosen.
    pub(super) fn offering(&self, ciphers: Ciphers) -> Arc<CryptoProvider> {
        if ciphers == Ciphers::ALL {
            return Arc::clone(&self.all);
        }
        let mut by_choice = self.by_choice.lock().unwrap_or_else(PoisonError::into_inner);
        let provider = by_choice.entry(ciphers).or_insert_with(|| {
            let mut provider = (*self.all).clone();
            provider.cipher_suites.retain(|suite| is_offered(*suite, ciphers));
            Arc::new(provider)
        });
        Arc::clone(provider)
    }
}

fn is_offered(suite: SupportedCipherSuite, ciphers: Ciphers) -> bool {
    match suite {
        SupportedCipherSuite::Tls13(_) => true,
        SupportedCipherSuite::Tls12(suite) => {
            Cipher::from_number(suite.common.suite.into()).is_some_and(|cipher| ciphers.contains(cipher))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_that_chose_the_same_ciphers_share_one_provider() {
        let providers = Providers::new();
        for cipher in Cipher::ALL {
            let one = Ciphers::new([cipher]).expect("a set");
            let (first, second) = (providers.offering(one), providers.offering(one));
            assert!(Arc::ptr_eq(&first, &second));
            let of_tls12: Vec<u16> = first
                .cipher_suites
                .iter()
                .filter(|suite| matches!(suite, SupportedCipherSuite::Tls12(_)))
                .map(|suite| suite.suite().into())
                .collect();
            assert_eq!(of_tls12, [cipher.number()], "the node has every cipher that can be chosen");
            assert_eq!(first.cipher_suites.len() - 1, 3, "TLS 1.3 is left alone");
        }
        assert!(Arc::ptr_eq(&providers.offering(Ciphers::ALL), providers.all()));
    }
}
