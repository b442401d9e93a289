//! Which account does a scenario mean? A name, a mail address and a variable that stands for either are the same.

use super::{
    Scenario,
    model::ExpectationKind,
    vars::{Template, Vars},
};
use crate::{
    core::{Spanned, domain},
    target::{Account, Target},
};

impl Target {
    /// The account that a text means: by its name, or by its address, whose case does not count.
    pub fn account_of(&self, text: &str) -> Option<&Account> {
        self.account_that(text, |_| true)
    }

    /// The same; of accounts that share an address, one that can do what is wanted of it.
    fn account_that(&self, text: &str, can: impl Fn(&Account) -> bool) -> Option<&Account> {
        let by_address = || self.accounts.values().filter(|a| domain::is_same_address(&a.address, text));
        self.accounts.get(text).or_else(|| by_address().find(|a| can(a)).or_else(|| by_address().next()))
    }
}

impl Scenario {
    /// The variables of its texts but for those of an attempt; later ones win: the accounts', its own, the command line's
    /// (`given`).
    pub fn vars_on(&self, target: &Target, given: &Vars) -> Vars {
        let mut vars = target.vars();
        for (name, value) in self.vars.iter().chain(given.iter()) {
            vars.set(name, value);
        }
        vars
    }

    /// The scenario with every account of the target by its name. Only the recipients keep their spelling, which is that of
    /// the envelope: [`Target::account_of`] finds their accounts.
    #[must_use]
    pub fn with_accounts(mut self, target: &Target, given: &Vars) -> Self {
        let vars = self.vars_on(target, given);
        let filled =
            |written: &Spanned<String>| Template::new(written.value.as_str(), written.at.clone()).fill(&vars).ok();
        let named = |written: &mut Spanned<String>, can: fn(&Account) -> bool| {
            let account = filled(written).and_then(|text| target.account_that(&text, can));
            if let Some(account) = account {
                written.value.clone_from(&account.name);
            }
        };
        for to in &mut self.send.to {
            let text = filled(to).filter(|text| target.account_of(text).is_some());
            to.value = text.unwrap_or_else(|| std::mem::take(&mut to.value));
        }
        named(&mut self.send.from, |account| account.smtp.is_some());
        for expectation in &mut self.expect {
            let can: fn(&Account) -> bool = match expectation.kind {
                ExpectationKind::Log(_) => |account| !account.logs.is_empty(),
                _ => |account| account.imap.is_some(),
            };
            if let Some(account) = expectation.kind.account_mut() {
                named(account, can);
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        scenario::yaml::{self, Source},
        target::{Endpoint, FolderNames, ImapAccess, Provider, TargetKind, TlsMode},
    };

    fn target() -> Target {
        let accounts =
            [("company", "Info@corp.example"), ("external", "probe@ext.example"), ("gmail", "p.i@gmail.com")];
        let accounts = accounts.map(|(name, address)| (name.to_owned(), Account::new(name, address)));
        Target { kind: TargetKind::Embedded, accounts: accounts.into(), dns: None, rspamd: None }
    }

    #[test]
    fn an_account_is_its_name_and_its_address() {
        let target = target();
        let name = |text: &str| target.account_of(text).map(|a| a.name.as_str());
        for text in ["company", "Info@corp.example", "info@CORP.example", "INFO@corp.example."] {
            assert_eq!(name(text), Some("company"), "{text}");
        }
        for text in ["Company", "info", "info+x@corp.example", "info@xcorp.example", "@corp.example", ""] {
            assert_eq!(name(text), None, "{text}");
        }
    }

    #[test]
    fn of_accounts_with_one_address_the_one_that_can_is_meant() {
        let mut target = target();
        let endpoint =
            |port| Endpoint { host: "h".into(), port, tls: TlsMode::None, tls_name: None, ca_pem: None, login: None };
        let imap = ImapAccess { endpoint: endpoint(143), provider: Provider::Gmail, folders: FolderNames::default() };
        let sends = Account { smtp: Some(endpoint(587)), ..Account::new("z", "p.i@gmail.com") };
        let reads = Account { imap: Some(imap), ..Account::new("b", "p.i@gmail.com") };
        target.accounts.extend([
            ("z".to_owned(), sends),
            ("a".to_owned(), Account::new("a", "p.i@gmail.com")),
            ("b".to_owned(), reads),
        ]);
        let text =
            "sealcheck: 1\nname: x\nsend: { from: p.i@gmail.com, to: company }\nexpect: [delivered: p.i@gmail.com]\n";
        let source = Source::new("a.yaml", text.as_bytes()).unwrap();
        let scenario = yaml::scenarios(&source, "a", &|_| Err(String::new())).unwrap().remove(0);
        let scenario = scenario.with_accounts(&target, &Vars::new());
        assert_eq!(
            (scenario.send.from.value.as_str(), scenario.expect[0].kind.account().unwrap().value.as_str()),
            ("z", "b")
        );
    }

    #[test]
    fn every_place_of_an_account_takes_each_form() {
        let mut given = Vars::new();
        given.set("who", "P.I@Gmail.com");
        for account in
            ["gmail", "p.i@gmail.com", "P.I@GMAIL.COM", "$gmail.address", "${gmail.user}@$gmail.domain", "$who"]
        {
            let text = format!(
                "sealcheck: 1\nname: x\nsend: {{ from: '{account}', to: ['{account}', 'x+$token@$gmail.domain'] }}\nexpect:\n  \
                 - delivered: '{account}'\n  - delivered: {{ to: '{account}' }}\n  - bounced: '{account}'\n  \
                 - absent: '{account}'\n  - absent: {{ from: '{account}' }}\n  - count: {{ to: '{account}', is: 1 }}\n  \
                 - log: {{ of: '{account}', contains: x }}\n"
            );
            let source = Source::new("a.yaml", text.as_bytes()).unwrap();
            let scenario =
                yaml::scenarios(&source, "a", &|_| Err(String::new())).map_err(|e| e.to_string()).unwrap().remove(0);
            let scenario = scenario.with_accounts(&target(), &given);
            let expected: Vec<&str> =
                scenario.expect.iter().map(|e| e.kind.account().unwrap().value.as_str()).collect();
            assert_eq!(expected, ["gmail"; 7], "{account}");
            assert_eq!(scenario.send.from.value, "gmail", "{account}");
            let to = target().account_of(&scenario.send.to[0].value).map(|a| a.name.clone());
            assert_eq!((to.as_deref(), scenario.send.to[1].value.as_str()), (Some("gmail"), "x+$token@$gmail.domain"));
        }
    }

    #[test]
    fn the_envelope_keeps_the_case_that_is_written() {
        let text = "sealcheck: 1\nname: x\nsend: { from: external, to: INFO@corp.example }\nexpect: [delivered: nobody@x.example]\n";
        let source = Source::new("a.yaml", text.as_bytes()).unwrap();
        let scenario = yaml::scenarios(&source, "a", &|_| Err(String::new())).unwrap().remove(0);
        let scenario = scenario.with_accounts(&target(), &Vars::new());
        assert_eq!(scenario.send.to[0].value, "INFO@corp.example");
        assert_eq!(scenario.expect[0].kind.account().unwrap().value, "nobody@x.example");
    }
}
