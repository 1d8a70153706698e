//! The tokens that a client holds, for whoever has to hand one on.

use steadfast_call::{AuthFailure, Principal};

use crate::client::Client;
use crate::renew::renew;
use crate::secret::Secret;

impl Client {
    /// The bearer token of the account, or of one resource owner at it: the one that is held, if it
    /// lasts, or else a new one. Whoever asks at the same time shares one exchange, with each other
    /// and with calls. No call needs it; it is for handing a token on, to a front end, say.
    ///
    /// None: the API is not logged in to by a token.
    ///
    /// # Errors
    /// [`AuthFailure`], as [`Client::log_in`].
    pub async fn token(&self, owner: Option<&str>) -> Result<Option<Secret>, AuthFailure> {
        let principal = principal(owner);
        renew(&self.inner, &principal, false).await?;
        Ok(self.inner.shared().snapshot_of(&principal).token())
    }

    /// Takes the tokens of the account, or of one resource owner, for void: the next call that needs
    /// one gets a new one first. A call that is refused by them does so by itself.
    pub fn void_token(&self, owner: Option<&str>) {
        let mut shared = self.inner.shared();
        let session = shared.account.session_of(&principal(owner));
        let current = session.current();
        session.refused(current);
    }
}

fn principal(owner: Option<&str>) -> Principal {
    owner.map_or(Principal::Account, |id| Principal::Owner(id.into()))
}
