// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorCountingOverridable} from "@openzeppelin/contracts/governance/extensions/GovernorCountingOverridable.sol";
import {GovernorSuperQuorum} from "@openzeppelin/contracts/governance/extensions/GovernorSuperQuorum.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {GovernorVotesQuorumFraction} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {
    GovernorVotesSuperQuorumFraction
} from "@openzeppelin/contracts/governance/extensions/GovernorVotesSuperQuorumFraction.sol";
import {Votes} from "@openzeppelin/contracts/governance/utils/Votes.sol";
import {VotesExtended} from "@openzeppelin/contracts/governance/utils/VotesExtended.sol";

/// A voting token that remembers who delegated to whom; its whole supply goes to the deployer.
contract ExtendedToken is ERC20, EIP712, ERC20Votes, VotesExtended {
    constructor(uint256 supply) ERC20("Extended", "EXT") EIP712("Extended", "1") {
        _mint(msg.sender, supply);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }

    function _delegate(address account, address delegatee) internal override(Votes, VotesExtended) {
        super._delegate(account, delegatee);
    }

    function _transferVotingUnits(address from, address to, uint256 amount) internal override(Votes, VotesExtended) {
        super._transferVotingUnits(from, to, amount);
    }
}

/// OpenZeppelin 5: owners may override their delegates, and a super quorum of 50 % ends voting early.
contract OverridableGovernor is
    Governor,
    GovernorSettings,
    GovernorVotes,
    GovernorCountingOverridable,
    GovernorVotesSuperQuorumFraction
{
    constructor(VotesExtended token_, uint32 period)
        Governor("Overridable")
        GovernorSettings(1, period, 0)
        GovernorVotes(token_)
        GovernorVotesQuorumFraction(4)
        GovernorVotesSuperQuorumFraction(50)
    {}

    function proposalThreshold() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }

    function proposalVotes(uint256 id)
        public
        view
        override(GovernorCountingOverridable, GovernorSuperQuorum)
        returns (uint256, uint256, uint256)
    {
        return super.proposalVotes(id);
    }

    function state(uint256 id)
        public
        view
        override(Governor, GovernorVotesSuperQuorumFraction)
        returns (ProposalState)
    {
        return super.state(id);
    }
}
