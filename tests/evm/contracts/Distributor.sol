// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// Tokens that are claimed against a Merkle root; it says so in the words of Uniswap's distributor.
contract Distributor {
    using SafeERC20 for IERC20;

    address public immutable token;
    bytes32 public immutable merkleRoot;
    mapping(uint256 => bool) public isClaimed;

    event Claimed(uint256 index, address account, uint256 amount);

    constructor(address token_, bytes32 root) {
        (token, merkleRoot) = (token_, root);
    }

    function claim(uint256 index, address account, uint256 amount, bytes32[] calldata proof) external {
        require(!isClaimed[index], "Distributor: claimed already");
        bytes32 leaf = keccak256(abi.encodePacked(index, account, amount));
        require(MerkleProof.verifyCalldata(proof, merkleRoot, leaf), "Distributor: no such part");
        isClaimed[index] = true;
        IERC20(token).safeTransfer(account, amount);
        emit Claimed(index, account, amount);
    }
}
