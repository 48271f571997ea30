//! Where the server is: the address that chargers are configured with.

/// A server's address, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    authority: String,
    port: u16,
    path: String,
    over_tls: bool,
}

impl ServerUrl {
    /// Takes `ws://HOST[:PORT][/PATH]` or `wss://…` apart; the error says what is wrong with it. Without a path, `/ocpp/` is
    /// meant.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.trim().split_once("://").unwrap_or_default();
        let over_tls = match scheme {
            "ws" => false,
            "wss" => true,
            _ => return Err("it must begin with ws:// or wss://"),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, "ocpp"));
        let after_address = authority.rsplit_once(']').map_or(authority, |(_, after)| after);
        let (host, port) = match after_address.rsplit_once(':') {
            None => (authority, if over_tls { 443 } else { 80 }),
            Some((_, port)) => {
                let number = port.parse().map_err(|_| "the port is not a number from 0 to 65535")?;
                (&authority[..authority.len() - port.len() - 1], number)
            }
        };
        if host.is_empty() || host.contains(|letter: char| letter.is_whitespace() || letter == '@') {
            return Err("the host is missing or has characters that no host has");
        }
        let path = path.trim_matches('/');
        let path = if path.is_empty() { "/".to_owned() } else { format!("/{path}/") };
        Ok(Self { authority: host.to_owned(), port, path, over_tls })
    }

    /// Whether the server speaks TLS.
    pub(crate) fn is_over_tls(&self) -> bool {
        self.over_tls
    }

    /// The name that the server's certificate must have.
    pub(crate) fn host(&self) -> &str {
        self.authority.trim_matches(['[', ']'])
    }

    /// Host and port to open a connection to.
    pub(crate) fn address(&self) -> String {
        format!("{}:{}", self.authority, self.port)
    }

    /// The full address of one charger.
    pub(crate) fn of_charger(&self, id: &str) -> String {
        let scheme = if self.over_tls { "wss" } else { "ws" };
        format!("{scheme}://{}:{}{}{id}", self.authority, self.port, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, charger) in [
            ("ws://localhost:9000", "ws://localhost:9000/ocpp/A"),
            ("ws://localhost:9000/ocpp", "ws://localhost:9000/ocpp/A"),
            ("ws://localhost:9000/ocpp/", "ws://localhost:9000/ocpp/A"),
            ("ws://10.0.0.1/", "ws://10.0.0.1:80/A"),
            (" ws://[::1]:9000/a/b/ ", "ws://[::1]:9000/a/b/A"),
            ("ws://[::1]", "ws://[::1]:80/ocpp/A"),
            ("wss://charging.example", "wss://charging.example:443/ocpp/A"),
            ("wss://[::1]:9443/x", "wss://[::1]:9443/x/A"),
        ] {
            assert_eq!(ServerUrl::parse(text).unwrap().of_charger("A"), charger, "{text}");
        }
    }

    #[test]
    fn a_certificate_must_have_the_name_of_the_host_alone() {
        for (text, host) in
            [("wss://a.example:1/x", "a.example"), ("wss://[::1]:9443", "::1"), ("wss://10.0.0.1", "10.0.0.1")]
        {
            assert_eq!(ServerUrl::parse(text).unwrap().host(), host);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_reason() {
        for text in
            ["", "localhost:9000", "http://localhost", "wss://", "ws://", "ws://:9000", "ws://a:b/", "ws://a b/"]
        {
            assert!(ServerUrl::parse(text).is_err(), "{text}");
        }
    }
}
