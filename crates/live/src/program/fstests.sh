#! /bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# FS QA Test
#
# @SENTENCE@
#
# Made by shortcopy reproduce '@TARGET@' --format fstests. Beside it belongs a file with the ending .out:
# QA output created by NUMBER
# Silence is golden
#
. ./common/preamble
_begin_fstest auto quick rw

_require_test
_require_command "$(type -P cc)" cc
[ "$(_get_block_size $TEST_DIR)" = @BLOCK@ ] || _notrun "the test is about blocks of @BLOCK@ bytes"

cat > $tmp.c <<'END_OF_PROGRAM'
@PROGRAM@END_OF_PROGRAM
cc -O1 -Wall -pthread -o $tmp.program $tmp.c || _fail "the program does not compile"

$tmp.program $TEST_DIR > $tmp.said 2>&1
came=$?
cat $tmp.said >> $seqres.full
case $came in
0)	echo "Silence is golden" ;;
77)	_notrun "$(cat $tmp.said)" ;;
*)	cat $tmp.said ;;
esac

status=0
exit
