//! The table of names as other programs read it: hosts files and name servers (services-other, 10).
//!
//! Only names from the table and an address that was parsed get into a snippet, so nothing that somebody
//! else wrote can.

use std::fmt::{self, Write as _};
use std::net::IpAddr;

use super::{Client, Host, Need, all};

/// What reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A hosts file: `/etc/hosts`, or `C:\Windows\System32\drivers\etc\hosts`
    Hosts,
    /// A file for dnsmasq: /etc/dnsmasq.d/papilio.conf
    Dnsmasq,
    /// A file for Unbound: /etc/unbound/unbound.conf.d/papilio.conf
    Unbound,
    /// A response policy zone for BIND, Knot Resolver or PowerDNS
    BindRpz,
    /// A zone file for any authoritative server, the same one for every name
    Zone,
}

/// Which names of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only those that these clients ask for; none = every client.
    pub clients: Vec<Client>,
    /// How little they may be needed.
    pub down_to: Reach,
}

/// How far down the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// What is required or useful.
    #[default]
    Useful,
    /// What is optional, too.
    Optional,
}

impl Wanted {
    /// Those that one client needs or has a use for.
    pub fn by(client: Client) -> Self {
        Self {
            clients: vec![client],
            down_to: Reach::Useful,
        }
    }

    /// The names, in the order of the table.
    pub fn names(&self) -> Vec<&'static Host> {
        let clients = match self.clients.as_slice() {
            [] => &Client::ALL,
            clients => clients,
        };
        let reached = |host: &&Host| {
            clients
                .iter()
                .filter_map(|&client| host.need_of(client))
                .any(|need| need != Need::Optional || self.down_to == Reach::Optional)
        };
        all().iter().filter(reached).collect()
    }
}

/// The names, all leading to this address, as a format has them. Lines end with `\n`.
pub fn snippet(format: Format, address: IpAddr, wanted: &Wanted) -> String {
    let names = wanted.names();
    let mut text = String::new();
    // Writing into a text does not fail.
    let _ = match format {
        Format::Hosts => hosts(&mut text, address, &names),
        Format::Dnsmasq => dnsmasq(&mut text, address, &names),
        Format::Unbound => unbound(&mut text, address, &names),
        Format::BindRpz => policy_zone(&mut text, address, &names),
        Format::Zone => zone(&mut text, address, &names),
    };
    text
}

/// One line of a hosts file, by whose end [`MARK`] it is found again.
pub fn hosts_line(address: IpAddr, host: &Host) -> String {
    format!("{address} {} {MARK}", host.name)
}

/// Stands at the end of every line that we have somebody put into a hosts file.
pub const MARK: &str = "# papilio";

fn hosts(text: &mut String, address: IpAddr, names: &[&Host]) -> fmt::Result {
    for host in names {
        if host.is_wildcard() {
            writeln!(text, "# {} cannot stand in a hosts file {MARK}", host.name)?;
        } else {
            writeln!(text, "{}", hosts_line(address, host))?;
        }
    }
    Ok(())
}

/// `local` keeps questions of other kinds here: else whoever asks for addresses of IPv6 first is told
/// Microsoft's.
fn dnsmasq(text: &mut String, address: IpAddr, names: &[&Host]) -> fmt::Result {
    for host in names {
        let name = domain(host);
        writeln!(text, "address=/{name}/{address}\nlocal=/{name}/")?;
    }
    Ok(())
}

fn unbound(text: &mut String, address: IpAddr, names: &[&Host]) -> fmt::Result {
    writeln!(text, "server:")?;
    let kind = record(address);
    for host in names {
        let name = domain(host);
        writeln!(text, "    local-zone: \"{name}.\" redirect")?;
        writeln!(
            text,
            "    local-data: \"{name}. {TTL} IN {kind} {address}\""
        )?;
    }
    Ok(())
}

fn policy_zone(text: &mut String, address: IpAddr, names: &[&Host]) -> fmt::Result {
    writeln!(text, "; In named.conf:")?;
    writeln!(
        text,
        ";   options {{ response-policy {{ zone \"papilio.rpz\"; }}; }};"
    )?;
    writeln!(
        text,
        ";   zone \"papilio.rpz\" {{ type primary; file \"papilio.rpz.zone\"; }};"
    )?;
    zone_head(text)?;
    let kind = record(address);
    for host in names {
        writeln!(text, "{} IN {kind} {address}", host.name)?;
    }
    Ok(())
}

fn zone(text: &mut String, address: IpAddr, names: &[&Host]) -> fmt::Result {
    writeln!(text, "; In named.conf, all with this one file:")?;
    for host in names {
        writeln!(
            text,
            ";   zone \"{}\" {{ type primary; file \"papilio.zone\"; }};",
            domain(host)
        )?;
    }
    zone_head(text)?;
    let kind = record(address);
    writeln!(text, "@ IN {kind} {address}")?;
    writeln!(text, "* IN {kind} {address}")
}

fn zone_head(text: &mut String) -> fmt::Result {
    writeln!(text, "$TTL {TTL}")?;
    writeln!(
        text,
        "@ IN SOA localhost. hostmaster.localhost. 1 3600 600 86400 {TTL}"
    )?;
    writeln!(text, "@ IN NS localhost.")
}

/// The name, or what a wildcard stands below of: these programs take the names below along.
fn domain(host: &Host) -> &str {
    host.name.strip_prefix("*.").unwrap_or(host.name)
}

fn record(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(_) => "A",
        IpAddr::V6(_) => "AAAA",
    }
}

/// For how many seconds others may remember it: a server that moves is found soon.
const TTL: u32 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn bitlbee(format: Format) -> String {
        snippet(format, ADDRESS, &Wanted::by(Client::Bitlbee))
    }

    #[test]
    fn a_hosts_file() {
        assert_eq!(
            bitlbee(Format::Hosts),
            "192.0.2.1 messenger.hotmail.com # papilio\n\
             192.0.2.1 login.live.com # papilio\n\
             192.0.2.1 msnia.login.live.com # papilio\n\
             192.0.2.1 contacts.msn.com # papilio\n\
             192.0.2.1 storage.msn.com # papilio\n\
             192.0.2.1 gateway.messenger.hotmail.com # papilio\n"
        );
    }

    #[test]
    fn name_servers() {
        for (format, line) in [
            (
                Format::Dnsmasq,
                "address=/contacts.msn.com/192.0.2.1\nlocal=/contacts.msn.com/\n",
            ),
            (
                Format::Unbound,
                "    local-zone: \"contacts.msn.com.\" redirect\n    \
                 local-data: \"contacts.msn.com. 60 IN A 192.0.2.1\"\n",
            ),
            (Format::BindRpz, "\ncontacts.msn.com IN A 192.0.2.1\n"),
            (
                Format::Zone,
                ";   zone \"contacts.msn.com\" { type primary; file \"papilio.zone\"; };\n",
            ),
            (Format::Zone, "\n@ IN A 192.0.2.1\n* IN A 192.0.2.1\n"),
        ] {
            let text = bitlbee(format);
            assert!(text.contains(line), "{text}");
        }
    }

    #[test]
    fn an_address_of_ipv6() {
        let address = "2001:db8::1".parse().unwrap();
        let wanted = Wanted::by(Client::Bitlbee);
        assert!(snippet(Format::Zone, address, &wanted).contains("@ IN AAAA 2001:db8::1\n"));
        let hosts = snippet(Format::Hosts, address, &wanted);
        assert!(hosts.starts_with("2001:db8::1 messenger.hotmail.com # papilio\n"));
    }

    #[test]
    fn all_or_what_is_needed() {
        let wanted = |down_to| Wanted {
            down_to,
            ..Wanted::default()
        };
        let (needed, whole) = (
            wanted(Reach::Useful).names(),
            wanted(Reach::Optional).names(),
        );
        assert_eq!(whole.len(), all().len());
        assert!(needed.len() < whole.len());
        let hosts = snippet(Format::Hosts, ADDRESS, &wanted(Reach::Optional));
        let wildcard = "# *.cc.services.spaces.live.com cannot stand in a hosts file # papilio\n";
        assert!(hosts.contains(wildcard) && !hosts.contains("192.0.2.1 *"));
        let dnsmasq = snippet(Format::Dnsmasq, ADDRESS, &wanted(Reach::Optional));
        assert!(dnsmasq.contains("address=/cc.services.spaces.live.com/192.0.2.1\n"));
    }
}
