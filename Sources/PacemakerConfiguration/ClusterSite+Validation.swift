import NetworkTypes
import ServicesExport
import Text

/// A value that cannot be part of a pair's configuration, with its option of `cluster-config`.
public struct ClusterSiteError: Error, Hashable, CustomStringConvertible {
    /// The option: `--node`.
    public let option: String
    /// The value of the option.
    public let value: String
    /// Why it cannot be used.
    public let reason: String

    public var description: String { "\(option) \(value.printed()): \(reason)" }
}

extension ClusterSite {
    /// - Throws: the first value that cannot work, or would make a different configuration than it seems to: a name
    ///   that crmsh, pcs or sh(1) would split, or an address that is given twice.
    public func validate() throws(ClusterSiteError) {
        for node in nodes { try Self.requireName(node, "--node", limit: 255) }
        try Self.requireName(publicInterface, "--interface", limit: Self.interfaceLength)
        if !insideAddresses.isEmpty {
            try Self.requireName(insideInterface, "--inside-interface", limit: Self.interfaceLength)
        }
        try validateFences()
        try validateAddresses()
        if let admin { try Self.requireQuotable(admin.url, "--admin-url") }
    }

    private func validateFences() throws(ClusterSiteError) {
        var fenced: Set<String> = []
        for fence in fences {
            guard fenced.insert(fence.node).inserted else {
                throw ClusterSiteError(option: "--fence", value: fence.node, reason: "it is given twice for that node")
            }
            try Self.requireName(fence.agent, "--fence", more: "/:", limit: 255)
            for parameter in fence.parameters {
                try Self.requireName(String(parameter.splitBytes("=", maxSplits: 1)[0]), "--fence", limit: 255)
                try Self.requireQuotable(parameter, "--fence")
            }
        }
    }

    private func validateAddresses() throws(ClusterSiteError) {
        var taken = Set(publicAddresses)
        for (option, each) in insideAddresses.map({ ("--inside", $0) })
            + (admin.map { [("--admin-address", $0.address)] } ?? [])
        {
            guard taken.insert(each.address).inserted else {
                throw ClusterSiteError(
                    option: option, value: "\(each)", reason: "the address is one of the public ones, or given twice")
            }
        }
    }

    /// The longest name of an interface: IFNAMSIZ of linux/if.h without the NUL.
    private static let interfaceLength = 15

    private static func requireName(
        _ name: String, _ option: String, more: String = "", limit: Int
    ) throws(ClusterSiteError) {
        let isName =
            !name.isEmpty && !name.hasBytePrefix("-") && name.utf8.count <= limit
            // exact: a Character that is more than one ASCII code point is refused
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0) || more.contains($0)) }
        guard isName else {
            throw ClusterSiteError(
                option: option, value: name, reason: "a name here has 1 to \(limit) of a-z, A-Z, 0-9 and ._-\(more)")
        }
    }

    /// Requires a value that both tools can quote.
    private static func requireQuotable(_ value: String, _ option: String) throws(ClusterSiteError) {
        guard !value.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
            throw ClusterSiteError(option: option, value: value, reason: "it has a control character")
        }
        guard !value.hasByte("'") || !(value.hasByte("\"") || value.hasByte("\\")) else {
            throw ClusterSiteError(
                option: option, value: value, reason: "crmsh has no quotes for a ' beside a \" or a backslash")
        }
    }
}
