package ledger

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

type reply string

func (r reply) Error() string { return string(r) }
func (reply) RedisError()     {}

func TestRefusalIsTheServersWordsWithoutOurScript(t *testing.T) {
	for text, want := range map[string]string{
		"OOM command not allowed when used memory > 'maxmemory'. script: 85ddab, on @user_script:34.":                                "OOM command not allowed when used memory > 'maxmemory'.",
		"ERR Error running script (call to f_85dd): @user_script:34: @user_script: 34: -READONLY You can't write against a replica.": "READONLY You can't write against a replica.",
		"MISCONF Errors writing to the AOF file": "MISCONF Errors writing to the AOF file",
		"ERR unknown command":                    "",
	} {
		require.Equal(t, want, Refusal(reply(text)), text)
	}
	require.Empty(t, Refusal(nil))
	require.Empty(t, Refusal(errors.New("OOM in the words of somebody else")))
}

func TestAPoisonedScriptIsTold(t *testing.T) {
	require.True(t, poison(reply("WRONGTYPE Operation against a key. script: 85dd, on @user_script:3.")))
	require.False(t, poison(reply("OOM command not allowed. script: 85dd, on @user_script:3.")))
}
