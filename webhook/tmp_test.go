package webhook
import ("testing";"fmt";"os";"bytes")
func TestTmp(t *testing.T){
 orig,_:=os.ReadFile("testdata/jira/comment_created.command.json")
 i := bytes.Index(orig,[]byte(`"comment": {`))
 orig = append([]byte("{\n  "), orig[i:]...)
 fmt.Println(string(orig))
 var p jiraPayload
 err:=scan(orig,p.read)
 fmt.Printf("A author %q %v\n",p.comment.author,err)
 // one call deeper, the same reader without the rest
 var u string
 err=scan(orig,func(s *scanner){ s.object(func(k []byte){ s.object(func(k []byte){ if string(k)=="author"{ u=s.jiraUser() } else { s.skip() } }) }) })
 fmt.Printf("B author %q %v\n",u,err)
 var q jiraPayload
 err=scan(orig,func(s *scanner){ s.object(func(k []byte){ s.object(q.readComment(s)) }) })
 fmt.Printf("C %+v %v\n",q.comment,err)
 doc := []byte(`{"name": "alice", "key": "JIRAUSER1"}`)
 for n:=0;n<40;n++ { d := append(bytes.Repeat([]byte(" "),n),doc...); d=append(d,bytes.Repeat([]byte(" "),40)...)
  var u string; err:=scan(d,func(s *scanner){u=s.jiraUser()}); if u!="alice"||err!=nil { fmt.Println("D",n,u,err) } 
  var v string; err=scan(d,func(s *scanner){ s.object(func(k []byte){ x:=string(k); y:=s.str(); v+=x+"="+y+";" })}); if v!="name=alice;key=JIRAUSER1;"||err!=nil { fmt.Println("E",n,v,err) } }
}
