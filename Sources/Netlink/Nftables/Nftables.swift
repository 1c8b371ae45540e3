/// nftables over nfnetlink (`linux/netfilter/nf_tables.h`, net/netfilter/nf_tables_api.c), on libnftnl.
///
/// A change is a value: a `Transaction` on one table, which `Connection.commit` carries out as a whole or not at all.
/// A table is read back as a value as well:
///
///     let table = Nftables.Table(family: .inet, name: "portcullis")
///     let ports = Nftables.SetDefinition(
///         name: "ports4", key: [.ipv4Address, .internetProtocol, .internetService])
///     var transaction = Nftables.Transaction(on: table)
///     transaction.destroyTable()
///     transaction.addTable()
///     transaction.add(ports)
///     transaction.add(elements: [.init(.init(address, .tcp, 443))], to: ports)
///
///     let nftables = try Nftables.Connection()
///     try nftables.commit(transaction)
///     let found = try nftables.snapshot(of: table)
///
/// `Monitor` reports every program's changes. Nothing here can flush the ruleset or change a table that was not
/// named.
public enum Nftables {}
